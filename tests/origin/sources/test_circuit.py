from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origin.sources.circuit import Circuit, Patience, Told

PATIENCE = Patience(failures=3, within_s=60, pause_s=10)
A, B, C, D, E = range(5)


def after(tellings: Sequence[Told], patience: Patience = PATIENCE, every_s: float = 1) -> Circuit:
    """A circuit after one attempt each *every_s*, the first at 0 s."""
    circuit = Circuit()
    for number, told in enumerate(tellings):
        circuit = circuit.after(told, A, number * every_s, patience)
    return circuit


def test_host_that_nothing_is_known_of_may_be_asked() -> None:
    assert Circuit().admits(A, 0, PATIENCE)
    assert Circuit().admitted(0) == Circuit()


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
    assert after(tellings).admits(A, len(tellings), PATIENCE) is open_


def test_failures_that_are_far_apart_do_not_count_together() -> None:
    assert after([Told.FAILED] * 20, every_s=40).admits(A, 1000, PATIENCE)
    assert not after([Told.FAILED] * 3, every_s=30).admits(A, 60, PATIENCE)


def test_without_a_limit_patience_never_ends() -> None:
    assert after([Told.FAILED] * 100, Patience(0, 60, 10)).admits(A, 100, PATIENCE)


def test_pause_counts_from_the_last_failure() -> None:
    circuit = after([Told.FAILED] * 3)
    assert circuit.left_s(2) == 10
    assert not circuit.admits(A, 11.9, PATIENCE)
    assert circuit.admits(A, 12, PATIENCE)


def test_after_the_pause_one_finds_out_for_all() -> None:
    probed = after([Told.FAILED] * 3).admitted(12)
    assert not probed.admits(A, 12, PATIENCE)
    assert not probed.admits(A, 10_000, PATIENCE)
    assert probed.after(Told.WELL, A, 13, PATIENCE) == Circuit(well_s=13)
    again = probed.after(Told.FAILED, A, 13, PATIENCE)
    assert not again.admits(A, 22.9, PATIENCE)
    assert again.admits(A, 23, PATIENCE)


def test_probe_that_found_nothing_out_is_another_s_turn() -> None:
    assert after([Told.FAILED] * 3).admitted(12).after(Told.NOTHING, A, 13, PATIENCE).admits(A, 13, PATIENCE)


def test_failures_of_those_who_were_under_way_do_not_prolong_the_pause() -> None:
    assert after([Told.FAILED] * 9).left_s(9) == 3


def test_whoever_is_answered_ends_the_pause() -> None:
    assert after([Told.FAILED] * 3).after(Told.WELL, A, 5, PATIENCE) == Circuit(well_s=5)


def test_one_for_a_picture_that_has_not_failed_finds_out_at_once() -> None:
    closed = after([Told.FAILED] * 3)
    assert not closed.admits(A, 3, PATIENCE)
    assert closed.admits(B, 3, PATIENCE)
    early = closed.admitted(3)
    assert not early.admits(C, 4, PATIENCE)
    assert early.after(Told.WELL, B, 4, PATIENCE).admits(C, 4, PATIENCE)


def test_a_host_that_fails_for_everybody_is_asked_once_more_and_then_left_alone() -> None:
    early = after([Told.FAILED] * 3).admitted(3).after(Told.FAILED, B, 5, PATIENCE)
    assert [early.admits(picture, 11.9, PATIENCE) for picture in (A, B, C, D)] == [False] * 4
    assert early.admits(A, 12, PATIENCE)
    again = early.admitted(12).after(Told.FAILED, A, 13, PATIENCE)
    assert again.left_s(13) == 10
    assert [again.admits(picture, 14, PATIENCE) for picture in (A, B, C)] == [False, False, True]


def test_a_few_pictures_that_always_fail_do_not_close_a_host_that_answers_for_others() -> None:
    circuit = Circuit()
    refused = 0
    for now_s in range(1000):
        for picture in (A, B, C, D):
            if now_s and circuit.admits(picture, now_s, PATIENCE):
                circuit = circuit.admitted(now_s).after(Told.FAILED, picture, now_s, PATIENCE)
        if now_s % 50 == 0:
            refused += not circuit.admits(E, now_s, PATIENCE)
            circuit = circuit.admitted(now_s).after(Told.WELL, E, now_s, PATIENCE)
    assert refused == 0


def test_a_host_that_was_well_lately_is_asked_for_one_picture_after_the_other() -> None:
    circuit = Circuit().after(Told.WELL, E, 0, PATIENCE)
    for picture in (A, B, C, D):
        assert circuit.admits(picture, 3, PATIENCE)
        circuit = circuit.admitted(3).after(Told.FAILED, picture, 3, PATIENCE)
    assert circuit.left_s(3) == 10
    assert circuit.admits(E, 4, PATIENCE)


def test_a_picture_is_excused_only_while_its_host_answers() -> None:
    circuit = Circuit().after(Told.FAILED, A, 0, PATIENCE).after(Told.WELL, B, 1, PATIENCE)
    for now_s in range(2, 61):
        circuit = circuit.after(Told.FAILED, A, now_s, PATIENCE)
    assert circuit.failures == 0
    for now_s in range(62, 65):
        circuit = circuit.after(Told.FAILED, A, now_s, PATIENCE)
    assert not circuit.admits(A, 65, PATIENCE)


def test_a_picture_that_was_answered_is_blamed_like_any_other() -> None:
    circuit = Circuit()
    for told in (Told.FAILED, Told.WELL, *[Told.FAILED] * 3):
        circuit = circuit.after(told, A, 0, PATIENCE)
    assert not circuit.admits(A, 1, PATIENCE)


def test_of_any_number_of_pictures_a_few_are_remembered() -> None:
    circuit = Circuit()
    for picture in range(1000):
        circuit = circuit.after(Told.FAILED, picture, picture, Patience(0, 60, 10))
        assert len(circuit.blamed) <= 64
    circuit = circuit.after(Told.WELL, 0, 1000, PATIENCE)
    assert len(circuit.excused) <= 64


_STEPS = st.lists(st.tuples(st.sampled_from(Told), st.integers(0, 4), st.integers(0, 100)), max_size=30)


@given(_STEPS)
def test_there_is_always_a_time_when_somebody_may_try(steps: list[tuple[Told, int, int]]) -> None:
    circuit, now_s = Circuit(), 0
    for told, picture, passed_s in steps:
        now_s += passed_s
        if circuit.admits(picture, now_s, PATIENCE):
            circuit = circuit.admitted(now_s).after(told, picture, now_s, PATIENCE)
        assert circuit.left_s(now_s) <= PATIENCE.pause_s
        assert circuit.admits(A, now_s + PATIENCE.pause_s, PATIENCE)
