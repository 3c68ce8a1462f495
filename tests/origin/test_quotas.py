import pytest

from origin.errors import TooManyRequests
from origin.quotas import Quotas
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
        if start // 10**9 >= number // 10**9 + expire_s:
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
    assert (len(quotas), quotas.fields("a")) == (0, ())


def test_a_million_clients_take_the_room_of_some() -> None:
    quotas = Quotas(LIMIT, most_clients=100)
    for number in range(1000):
        quotas.spend(str(number), HIT_UNITS)
    assert len(quotas) == 100


@pytest.mark.parametrize("units", [HIT_UNITS, MISS_UNITS])
def test_several_processes_give_away_little_more_than_one(units: int) -> None:
    clock, counters = Clock(), SharedCounters()
    fleet = [Quotas(LIMIT, counters=counters, clock=clock) for _ in range(4)]
    given = 0
    # 60 s of a client that asks each process a hundred times a second.
    for _ in range(6000):
        given += units * sum(admitted(quotas, "a", units) for quotas in fleet)
        clock.now_s += 0.01
    allowed = LIMIT.capacity_units + 60 * LIMIT.units_per_s
    # A request too many for each process, whenever a counter begins; without counters it would be four times as much.
    assert 0.9 * allowed <= given <= 1.2 * allowed


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
