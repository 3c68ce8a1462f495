from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origin.sources.circuit import Circuit, Patience, Told

PATIENCE = Patience(failures=3, within_s=60, pause_s=10)


def after(tellings: Sequence[Told], patience: Patience = PATIENCE, every_s: float = 1) -> Circuit:
    """A circuit after one attempt each *every_s*, the first at 0 s."""
    circuit = Circuit()
    for number, told in enumerate(tellings):
        circuit = circuit.after(told, number * every_s, patience)
    return circuit


def test_host_that_nothing_is_known_of_may_be_asked() -> None:
    assert Circuit().admits(0)
    assert Circuit().admitted() == Circuit()


@pytest.mark.parametrize(
    ("tellings", "open_"),
    [
        ([Told.FAILED] * 2, True),
        ([Told.FAILED] * 3, False),
        ([Told.FAILED, Told.FAILED, Told.WELL, Told.FAILED, Told.FAILED], True),
        ([Told.FAILED, Told.NOTHING, Told.FAILED, Told.NOTHING, Told.FAILED], False),
    ],
)
def test_only_failures_in_a_row_end_patience(tellings: list[Told], open_: bool) -> None:
    assert after(tellings).admits(len(tellings)) is open_


def test_failures_that_are_far_apart_do_not_count_together() -> None:
    assert after([Told.FAILED] * 20, every_s=40).admits(1000)
    assert not after([Told.FAILED] * 3, every_s=30).admits(60)


def test_without_a_limit_patience_never_ends() -> None:
    assert after([Told.FAILED] * 100, Patience(0, 60, 10)).admits(100)


def test_pause_counts_from_the_last_failure() -> None:
    circuit = after([Told.FAILED] * 3)
    assert circuit.left_s(2) == 10
    assert not circuit.admits(11.9)
    assert circuit.admits(12)


def test_after_the_pause_one_finds_out_for_all() -> None:
    probed = after([Told.FAILED] * 3).admitted()
    assert not probed.admits(12)
    assert not probed.admits(10_000)
    assert probed.after(Told.WELL, 13, PATIENCE) == Circuit()
    again = probed.after(Told.FAILED, 13, PATIENCE)
    assert not again.admits(22.9)
    assert again.admits(23)


def test_probe_that_found_nothing_out_is_another_s_turn() -> None:
    assert after([Told.FAILED] * 3).admitted().after(Told.NOTHING, 13, PATIENCE).admits(13)


def test_failures_of_those_who_were_under_way_do_not_prolong_the_pause() -> None:
    assert after([Told.FAILED] * 9).left_s(9) == 3


def test_whoever_is_answered_ends_the_pause() -> None:
    assert after([Told.FAILED] * 3).after(Told.WELL, 5, PATIENCE) == Circuit()


@given(st.lists(st.tuples(st.sampled_from(Told), st.integers(0, 100)), max_size=30))
def test_there_is_always_a_time_when_somebody_may_try(steps: list[tuple[Told, int]]) -> None:
    circuit, now_s = Circuit(), 0
    for told, passed_s in steps:
        now_s += passed_s
        if circuit.admits(now_s):
            circuit = circuit.admitted().after(told, now_s, PATIENCE)
        assert circuit.left_s(now_s) <= PATIENCE.pause_s
        assert circuit.admits(now_s + PATIENCE.pause_s)
