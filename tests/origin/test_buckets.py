import random

from origin import ratelimit
from origin.buckets import Buckets
from origin.ratelimit import RateLimit
from tests.cachetiers.clocks import Clock

LIMIT = RateLimit(requests=10, per_s=10, burst=10)


def take(buckets: Buckets, name: str, units: int) -> None:
    assert buckets.admits(name)
    buckets[name] = ratelimit.spent(buckets[name], units)


def test_one_that_is_not_full_is_never_forgotten() -> None:
    buckets = Buckets(LIMIT, 3, Clock())
    for name in "abc":
        take(buckets, name, 1)
    assert [buckets.admits(name) for name in "abcd"] == [True, True, True, False]
    assert len(buckets) == 3


def test_one_that_has_filled_makes_room_wherever_it_stands() -> None:
    clock = Clock()
    buckets = Buckets(LIMIT, 4, clock)
    take(buckets, "empty", LIMIT.capacity_units)
    take(buckets, "empty too", LIMIT.capacity_units)
    take(buckets, "a", 1)
    take(buckets, "b", 1)
    clock.now_s += 1
    # Two are looked at for each that asks.
    for _ in range(2):
        buckets.admits("new")
    assert len(buckets) == 2
    assert buckets["empty"].units == buckets["empty too"].units == LIMIT.units_per_s
    assert buckets["a"].units == LIMIT.capacity_units


def test_a_million_that_come_once_take_the_room_of_those_that_are_not_full() -> None:
    clock = Clock()
    buckets = Buckets(LIMIT, 20_000, clock)
    chance = random.Random(7)
    for number in range(100_000):
        take(buckets, str(number), chance.choice((1, 10)))
        clock.now_s += 0.001
    # Each is full again after a second at the most, in which a thousand come.
    assert len(buckets) < 3000
