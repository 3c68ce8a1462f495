"""Whether one more may wait is decided by number, by memory, and by the work that waits already."""

import heapq

from hypothesis import given
from hypothesis import strategies as st

from origin.imaging.admission import Bounds, Crowd, objection

BOUNDS = Bounds(pictures=100, wait_s=10)
times_s = st.floats(0, 100)


def begun_s(workers: int, making_s: list[float], pieces_s: list[float]) -> float:
    """When one more is begun if everybody is served in turn, to the end."""
    free_s = [0.0] * (workers - len(making_s)) + making_s
    heapq.heapify(free_s)
    for piece_s in pieces_s:
        heapq.heapreplace(free_s, free_s[0] + piece_s)
    return free_s[0]


@given(st.integers(1, 8), st.lists(times_s, max_size=8), st.lists(times_s, max_size=40))
def test_the_wait_is_what_serving_in_turn_takes_but_for_the_longest_that_waits(
    workers: int, making_s: list[float], pieces_s: list[float]
) -> None:
    making_s = making_s[:workers]
    crowd = Crowd(workers, len(making_s) + len(pieces_s), tuple(making_s), sum(pieces_s))
    begun = begun_s(workers, making_s, pieces_s)
    assert begun - 1e-6 <= crowd.wait_s <= begun + max(pieces_s, default=0.0) + 1e-6


@given(st.integers(1, 8), st.lists(times_s, max_size=12), times_s, times_s)
def test_more_work_never_means_less_waiting(workers: int, making_s: list[float], less_s: float, more_s: float) -> None:
    waits_s = [Crowd(workers, 1, tuple(making_s), work_s).wait_s for work_s in sorted((less_s, more_s))]
    assert 0.0 <= waits_s[0] <= waits_s[1] + 1e-6


def test_twenty_slow_ones_keep_the_next_out_and_twenty_quick_ones_do_not() -> None:
    assert objection(Crowd(2, 22, (1.0, 1.0), 20 * 1.0), BOUNDS) == "it would hardly be begun within 10 s"
    assert objection(Crowd(2, 22, (0.02, 0.02), 20 * 0.02), BOUNDS) == ""


def test_nobody_is_kept_out_by_one_slow_picture_while_another_worker_has_time() -> None:
    assert objection(Crowd(2, 2, (60.0,), 0.02), BOUNDS) == ""
    assert objection(Crowd(2, 2, (60.0, 60.0)), BOUNDS) != ""


def test_one_source_alone_may_take_more_than_all_together() -> None:
    assert objection(Crowd(2, 0, source_bytes=10**10), BOUNDS) == ""
    assert "take 10000000000 bytes" in objection(Crowd(2, 1, source_bytes=10**10), BOUNDS)


def test_as_many_wait_as_may() -> None:
    assert objection(Crowd(2, 101), BOUNDS) == ""
    assert objection(Crowd(2, 102), BOUNDS) == "102 pictures are being made or waiting"
