from hypothesis import given
from hypothesis import strategies as st

from cachetiers.remembered import MOST_USES, Remembered


def test_uses_are_remembered_by_key() -> None:
    table = Remembered(1000)
    table["a"] = 5
    assert table["a"] == 5
    assert table["b"] == 0


def test_more_uses_than_are_counted_are_the_most_that_are() -> None:
    table = Remembered(1000)
    table["a"] = 1000
    assert table["a"] == MOST_USES


def test_whoever_comes_last_takes_the_slot() -> None:
    table = Remembered(1)
    table["a"] = 5
    table["b"] = 7
    assert (table["a"], table["b"]) == (0, 7)


@given(st.integers(-3, 20), st.dictionaries(st.text(), st.integers(1, 200)))
def test_a_key_is_remembered_rightly_or_not_at_all(slots: int, uses: dict[str, int]) -> None:
    table = Remembered(slots)
    for key, count in uses.items():
        table[key] = count
    assert all(table[key] in {0, min(count, MOST_USES)} for key, count in uses.items())
    assert sum(table[key] > 0 for key in uses) <= max(1, slots)
