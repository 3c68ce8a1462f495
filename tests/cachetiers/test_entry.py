import pytest
from hypothesis import given
from hypothesis import strategies as st

from cachetiers.entry import Entry, Freshness

seconds = st.floats(0, 10**7)


@pytest.mark.parametrize(
    ("age_s", "expected"),
    [(0, "fresh"), (59.9, "fresh"), (60, "stale"), (89.9, "stale"), (90, "standby"), (159.9, "standby"), (160, "dead")],
)
def test_an_entry_is_fresh_then_stale_then_standby_then_dead(age_s: float, expected: str) -> None:
    entry = Entry(b"", 1000.0, ttl_s=60, stale_s=30, error_s=100)
    assert entry.freshness(1000.0 + age_s) == expected


def test_an_entry_from_a_future_that_was_a_mistake_does_not_live_until_then() -> None:
    entry = Entry(b"", 1000.0 + 365 * 86400, ttl_s=3600, stale_s=600, error_s=0)
    assert entry.freshness(1000.0) is Freshness.DEAD


@given(seconds, seconds, seconds, seconds, seconds)
def test_it_only_ever_gets_worse(ttl_s: float, stale_s: float, error_s: float, one_s: float, other_s: float) -> None:
    entry = Entry(b"", 0.0, ttl_s, {}, stale_s, error_s)
    order = list(Freshness)
    first, second = (entry.freshness(age_s) for age_s in sorted((one_s, other_s)))
    assert order.index(first) <= order.index(second)
    assert entry.freshness(entry.life_s) is Freshness.DEAD
