"""What every tier promises, whatever it keeps entries in."""

from collections.abc import Callable

import pytest

from cachetiers.entry import Entry
from cachetiers.memory import MemoryTier
from cachetiers.tier import Tier

NOW_S = 1_800_000_000.0
TIERS: list[Callable[[], Tier]] = [lambda: MemoryTier(1_000_000, clock=lambda: NOW_S)]


@pytest.fixture(params=TIERS, ids=["memory"])
def tier(request: pytest.FixtureRequest) -> Tier:
    made: Tier = request.param()
    return made


def entry(value: bytes = b"bytes", age_s: float = 0) -> Entry:
    return Entry(value, NOW_S - age_s, 60, {"format": "jpg", "name": "é"})


def test_what_was_put_is_got(tier: Tier) -> None:
    assert tier.put("key", entry())
    assert tier.get("key") == entry()


def test_what_was_never_put_is_missing(tier: Tier) -> None:
    assert tier.get("key") is None


def test_the_last_put_wins(tier: Tier) -> None:
    tier.put("key", entry(b"one"))
    tier.put("key", entry(b"two"))
    assert tier.get("key") == entry(b"two")


def test_what_was_deleted_is_missing_and_deleting_nothing_is_fine(tier: Tier) -> None:
    tier.put("key", entry())
    tier.delete("key")
    tier.delete("key")
    assert tier.get("key") is None


def test_what_is_no_longer_fresh_is_missing(tier: Tier) -> None:
    tier.put("key", entry(age_s=60))
    assert tier.get("key") is None


def test_an_empty_value_is_a_value(tier: Tier) -> None:
    tier.put("key", entry(b""))
    assert tier.get("key") == entry(b"")
