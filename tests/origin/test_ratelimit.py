import pytest

from origin import ratelimit
from origin.ratelimit import MISS_UNITS, Bucket, RateLimit, parse_limit

LIMIT = RateLimit(requests=100, per_s=10, burst=20)


@pytest.mark.parametrize(
    "text", ["100", "100/10", "0/10s", "100/0s", "100/10s burst 0", "-1/1s", "1.5/1s", "1/1s burst"]
)
def test_a_limit_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not requests/seconds"):
        parse_limit(text)


def test_a_bucket_fills_at_the_rate_and_never_above_the_burst() -> None:
    bucket = ratelimit.spent(ratelimit.full(LIMIT, 100.0), 200)
    assert bucket.units == 0
    assert ratelimit.filled(bucket, LIMIT, 100.5).units == 50
    assert ratelimit.filled(bucket, LIMIT, 200.0).units == 200
    # A clock that is set back takes nothing away.
    assert ratelimit.filled(bucket, LIMIT, 90.0).units == 0


def test_who_has_to_wait_is_told_for_how_long_and_both_fields_agree() -> None:
    slow = RateLimit(requests=6, per_s=60, burst=6)
    bucket = Bucket(units=4.0, at_s=0)
    assert ratelimit.retry_after_s(bucket, slow) == 6
    assert dict(ratelimit.fields(bucket.units, 6, slow))["RateLimit"] == '"default";r=0;t=6'


def test_nobody_is_promised_more_per_second_than_the_limit() -> None:
    for units in range(10, LIMIT.capacity_units + 1, 10):
        field = dict(ratelimit.fields(units, 1, LIMIT))["RateLimit"]
        left, window_s = (int(part.split("=")[1]) for part in field.split(";")[1:])
        assert left / window_s <= LIMIT.requests / LIMIT.per_s


def learned(bucket: Bucket, total_units: int, *, began_s: int = 1000, told_units: int = 10) -> Bucket:
    return ratelimit.learned(bucket, LIMIT, ratelimit.new_counter(began_s) + total_units, told_units)


@pytest.fixture
def mine() -> Bucket:
    """A bucket of 200 units, of which ten were spent at the second 1000 and others were told."""
    return ratelimit.told(ratelimit.spent(Bucket(200, 1000), 10))


def test_what_others_spent_is_taken_out_once(mine: Bucket) -> None:
    once = learned(mine, 40)
    assert once.units == 190 - 30
    assert learned(once, 40) == once
    assert learned(once, 45).units == 190 - 35
    # An answer that was overtaken gives nothing back.
    assert learned(once, 20) == once


def test_a_new_counter_is_counted_from_its_beginning(mine: Bucket) -> None:
    before = learned(mine, 40)
    after = learned(ratelimit.told(ratelimit.spent(before, 10)), 25, began_s=1002)
    assert after.units == before.units - 10 - 15
    assert (after.counter, after.sent, after.others) == (1002, 10, 15)


def test_however_much_others_spent_the_wait_is_bounded(mine: Bucket) -> None:
    assert ratelimit.retry_after_s(learned(mine, 10**8), LIMIT) <= 2 * LIMIT.window_s + 1


def test_who_is_new_here_is_not_charged_for_what_has_flown_in_again(mine: Bucket) -> None:
    # The counter is a second old, so a hundred units have flown in.
    assert learned(mine, 110, began_s=999).units == 190
    assert learned(mine, 160, began_s=999).units == 190 - 50


def test_a_miss_is_ten_hits() -> None:
    assert MISS_UNITS == 10 * ratelimit.HIT_UNITS


def test_many_clients_together_have_as_much_of_everything_and_wait_no_longer() -> None:
    many = LIMIT.times(16)
    assert (many.units_per_s, many.capacity_units) == (16 * LIMIT.units_per_s, 16 * LIMIT.capacity_units)
    assert many.window_s == LIMIT.window_s


def test_no_counter_runs_into_the_next_one_or_out_of_64_bits() -> None:
    largest = RateLimit(requests=9_999_999, per_s=1, burst=9_999_999).times(16)
    spent_units = int(largest.capacity_units + largest.units_per_s * largest.window_s)
    assert ratelimit.new_counter(1.0) + spent_units < ratelimit.new_counter(2.0)
    assert ratelimit.new_counter(4e9) + spent_units < 2**64
