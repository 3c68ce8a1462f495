import pytest

from cachetiers.entry import Entry
from cachetiers.memory import MemoryTier
from cachetiers.readthrough import Outcome, ReadThrough


def made() -> Entry:
    return Entry(b"made", 1000.0, 60.0)


def read_through(capacity_bytes: int = 100_000) -> ReadThrough:
    return ReadThrough(MemoryTier(capacity_bytes, clock=lambda: 1000.0), wait_s=1)


def test_what_is_missing_is_made_and_then_found() -> None:
    cache = read_through()
    assert cache.lookup("a") is None
    filled = cache.fill("a", made)
    assert (filled.outcome, filled.stored) == (Outcome.MISS, True)
    found = cache.lookup("a")
    assert found is not None
    assert (found.entry, found.outcome) == (filled.entry, Outcome.HIT)


def test_what_cannot_be_kept_is_answered_all_the_same() -> None:
    filled = read_through(capacity_bytes=0).fill("a", made)
    assert (filled.entry.value, filled.stored) == (b"made", False)


def test_a_failure_is_not_kept() -> None:
    def fail() -> Entry:
        raise LookupError

    cache = read_through()
    with pytest.raises(LookupError):
        cache.fill("a", fail)
    assert cache.lookup("a") is None
    assert cache.fill("a", made).outcome is Outcome.MISS
