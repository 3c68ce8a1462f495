import pytest

from origin import ratelimit
from origin.errors import TooManyRequests
from origin.quotas import NETWORK_FACTOR, Quotas
from origin.ratelimit import HIT_UNITS, MISS_UNITS, RateLimit
from tests.cachetiers.clocks import Clock

LIMIT = RateLimit(requests=10, per_s=10, burst=10)


class SharedCounters:
    """Counters that all processes reach, or none."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.down = False

    def count(self, key: str, amount: int, expire_s: float, start: int) -> int | None:
        if self.down:
            return None
        number = self.numbers.get(key, 0)
        if start >= number + ratelimit.new_counter(expire_s):
            number = start
        self.numbers[key] = number + amount
        return self.numbers[key]


def admitted(quotas: Quotas, client: str, units: int) -> bool:
    try:
        quotas.spend(client, units)
    except TooManyRequests:
        return False
    return True


def test_a_client_may_burst_and_then_goes_on_at_the_rate() -> None:
    clock = Clock()
    quotas = Quotas(LIMIT, clock=clock)
    assert sum(admitted(quotas, "a", MISS_UNITS) for _ in range(50)) == 10
    assert sum(admitted(quotas, "b", HIT_UNITS) for _ in range(500)) == 100
    clock.now_s += 3
    assert sum(admitted(quotas, "a", MISS_UNITS) for _ in range(50)) == 3


def test_the_refusal_says_when_to_come_back_and_then_it_is_true() -> None:
    clock = Clock()
    quotas = Quotas(LIMIT, clock=clock)
    for _ in range(10):
        quotas.spend("a", MISS_UNITS)
    with pytest.raises(TooManyRequests) as refused:
        quotas.spend("a", HIT_UNITS)
    assert refused.value.retry_after_s == 1
    clock.now_s += refused.value.retry_after_s
    quotas.spend("a", MISS_UNITS)


def test_without_a_limit_nobody_is_counted() -> None:
    quotas = Quotas(None)
    assert quotas.client("1.2.3.4", "") == ""
    assert all(admitted(quotas, "a", MISS_UNITS) for _ in range(1000))
    assert quotas.fields("a") == ()


def test_a_flood_of_addresses_gives_nobody_a_full_bucket() -> None:
    quotas = Quotas(LIMIT, clock=Clock(), most_buckets=100)
    assert sum(admitted(quotas, "203.0.113.7", MISS_UNITS) for _ in range(50)) == 10
    for number in range(10_000):
        admitted(quotas, f"198.{number // 250 % 250}.{number % 250}.1", HIT_UNITS)
    assert not admitted(quotas, "203.0.113.7", HIT_UNITS)


def test_those_who_come_when_there_is_no_room_share_what_their_network_has() -> None:
    clock = Clock()
    quotas = Quotas(LIMIT, clock=clock, most_buckets=2)
    for client in ("10.0.0.1", "10.0.0.2"):
        quotas.spend(client, MISS_UNITS)
    given = sum(admitted(quotas, f"203.0.{number // 250}.{number % 250}", MISS_UNITS) for number in range(1000))
    assert given == NETWORK_FACTOR * LIMIT.burst
    # Another network has its own, and a client is promised no more of it than it would have had alone.
    assert dict(quotas.fields("198.51.100.1"))["RateLimit"] == '"default";r=10;t=10'
    assert admitted(quotas, "198.51.100.1", MISS_UNITS)
    # There is no room for a third: all further ones together have as much as a network.
    given = sum(admitted(quotas, f"{number}.{number}.0.1", MISS_UNITS) for number in range(1, 250) if number != 10)
    assert given == NETWORK_FACTOR * LIMIT.burst
    # Those who were there before have not lost anything.
    assert dict(quotas.fields("10.0.0.1"))["RateLimit"] == '"default";r=9;t=10'
    clock.now_s += 10
    # Whoever comes now finds room, for the old ones are full and say nothing any more.
    assert sum(admitted(quotas, "203.0.113.9", MISS_UNITS) for _ in range(50)) == 10


def test_all_that_one_customer_of_ipv6_has_is_worth_sixteen_clients() -> None:
    clock = Clock()
    quotas = Quotas(LIMIT, clock=clock)
    assert sum(admitted(quotas, "2001:db8::/64", MISS_UNITS) for _ in range(50)) == 10
    given = sum(admitted(quotas, f"2001:db8:0:{number:x}::/64", MISS_UNITS) for number in range(1, 65_536))
    assert given == (NETWORK_FACTOR - 1) * LIMIT.burst
    assert dict(quotas.fields("2001:db8:0:ffff::/64"))["RateLimit"] == '"default";r=0;t=1'
    assert admitted(quotas, "2001:db8:1::/64", MISS_UNITS)
    clock.now_s += 1
    assert sum(admitted(quotas, f"2001:db8:0:{number:x}::/64", MISS_UNITS) for number in range(1000)) == NETWORK_FACTOR


def test_a_refusal_says_how_long_the_emptiest_bucket_takes() -> None:
    quotas = Quotas(RateLimit(requests=1, per_s=10, burst=1), clock=Clock())
    for number in range(1, NETWORK_FACTOR + 1):
        quotas.spend(f"2001:db8:0:{number:x}::/64", MISS_UNITS)
    with pytest.raises(TooManyRequests) as own_is_empty:
        quotas.spend("2001:db8:0:1::/64", MISS_UNITS)
    with pytest.raises(TooManyRequests) as network_is_empty:
        quotas.spend("2001:db8:0:ffff::/64", MISS_UNITS)
    assert (own_is_empty.value.retry_after_s, network_is_empty.value.retry_after_s) == (10, 1)


@pytest.mark.parametrize("client", ["203.0.113.7", "2001:db8::/64"])
@pytest.mark.parametrize("units", [HIT_UNITS, MISS_UNITS])
def test_several_processes_give_away_little_more_than_one(client: str, units: int) -> None:
    clock, counters = Clock(), SharedCounters()
    fleet = [Quotas(LIMIT, counters=counters, clock=clock) for _ in range(4)]
    given = 0
    # 60 s of a client that asks each process a hundred times a second.
    for _ in range(6000):
        given += units * sum(admitted(quotas, client, units) for quotas in fleet)
        clock.now_s += 0.01
    allowed = LIMIT.capacity_units + 60 * LIMIT.units_per_s
    # A request too many for each process, whenever a counter begins; without counters it would be four times as much.
    assert 0.9 * allowed <= given <= 1.2 * allowed


def test_several_processes_give_a_network_little_more_than_one_does() -> None:
    clock, counters = Clock(), SharedCounters()
    fleet = [Quotas(LIMIT, counters=counters, clock=clock) for _ in range(4)]
    clients = [f"2001:db8:0:{number:x}::/64" for number in range(1000)]
    given = sum(admitted(fleet[number % 4], client, MISS_UNITS) for number, client in enumerate(clients))
    assert NETWORK_FACTOR * LIMIT.burst <= given <= NETWORK_FACTOR * LIMIT.burst + 4


def test_without_each_other_they_would_give_away_four_times_as_much() -> None:
    clock = Clock()
    fleet = [Quotas(LIMIT, clock=clock) for _ in range(4)]
    assert sum(admitted(quotas, "a", MISS_UNITS) for quotas in fleet for _ in range(50)) == 40


def test_when_the_counters_are_gone_each_counts_for_itself_and_refuses_nobody_for_it() -> None:
    clock, counters = Clock(), SharedCounters()
    quotas = Quotas(LIMIT, counters=counters, clock=clock)
    counters.down = True
    assert sum(admitted(quotas, "a", MISS_UNITS) for _ in range(50)) == 10
    counters.down = False
    clock.now_s += 100
    assert sum(admitted(quotas, "a", MISS_UNITS) for _ in range(50)) == 10


def test_what_is_spent_while_the_counters_are_asked_is_not_forgotten() -> None:
    clock = Clock()

    class Slow(SharedCounters):
        def count(self, key: str, amount: int, expire_s: float, start: int) -> int | None:
            is_first = not self.numbers
            number = super().count(key, amount, expire_s, start)
            if is_first:
                quotas.spend("a", MISS_UNITS)  # another greenlet's turn
            return number

    quotas = Quotas(LIMIT, counters=Slow(), clock=clock)
    assert sum(admitted(quotas, "a", MISS_UNITS) for _ in range(50)) == 9
