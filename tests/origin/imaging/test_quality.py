"""The search for a quality, over a pretended encoder whose curve is known."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origin.imaging.dissimilarity import Reference
from origin.imaging.quality import MOST_TRIES, MOST_TRIES_FOR_BYTES, Attempt, Span, best_within, cheapest_reaching
from tests import pictures

WHOLE = Span(1, 100)


def encoder(level: Callable[[int], float] = lambda quality: 0.03 * quality) -> Callable[[int], Attempt]:
    return lambda quality: Attempt(quality, level(quality), b"")


def bent(quality: int) -> float:
    """Steep at both ends, as bytes are."""
    return math.log(quality) + (quality / 50) ** 3


def test_the_best_that_fits_is_found_on_a_straight_curve() -> None:
    found = best_within(encoder(), 0.03 * 57 + 0.01, WHOLE, 80, slope=0.03, near=0.0)
    assert found.attempt.quality == 57


def test_the_cheapest_that_reaches_the_goal_is_found_on_a_straight_curve() -> None:
    found = cheapest_reaching(encoder(), 0.03 * 57 - 0.01, WHOLE, 80, slope=0.03, near=0.0)
    assert found.attempt.quality == 57


@given(goal=st.floats(bent(1), bent(100)), start=st.integers(1, 100), slope=st.floats(0.005, 0.2))
def test_what_is_found_keeps_to_the_goal_however_wrong_the_first_guess(goal: float, start: int, slope: float) -> None:
    within = best_within(encoder(bent), goal, WHOLE, start, slope=slope, near=0.0)
    reaching = cheapest_reaching(encoder(bent), goal - 1e-9, WHOLE, start, slope=slope, near=0.0)
    assert within.attempt.level <= goal <= reaching.attempt.level + 1e-9
    assert within.tries <= MOST_TRIES_FOR_BYTES
    assert reaching.tries <= MOST_TRIES


@given(goal=st.floats(-5, 5), least=st.integers(1, 50), more=st.integers(0, 50), start=st.integers(1, 100))
def test_only_qualities_inside_the_span_are_tried_and_none_twice(
    goal: float, least: int, more: int, start: int
) -> None:
    seen: list[int] = []

    def watched(quality: int) -> Attempt:
        seen.append(quality)
        return Attempt(quality, 0.03 * quality, b"")

    best_within(watched, goal, Span(least, least + more), start, slope=0.03, near=0.0)
    assert len(seen) == len(set(seen))
    assert all(least <= quality <= least + more for quality in seen)


def test_when_nothing_fits_the_lowest_quality_is_the_answer() -> None:
    assert best_within(encoder(), -1.0, Span(10, 80), 60, slope=0.03, near=0.0).attempt.quality == 10


def test_when_nothing_is_good_enough_the_highest_quality_is_the_answer() -> None:
    assert cheapest_reaching(encoder(), 99.0, Span(10, 80), 60, slope=0.03, near=0.0).attempt.quality == 80


def test_near_enough_ends_the_search_at_once() -> None:
    assert best_within(encoder(), 0.03 * 80 + 0.01, WHOLE, 80, slope=0.03, near=0.02).tries == 1


def test_a_picture_does_not_differ_from_itself() -> None:
    image = pictures.quarters()
    assert Reference(image).distance(pictures.encoded(image)) == 0


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (200, 2), (64, 64)])
def test_dissimilarity_falls_as_quality_rises_whatever_the_size(size: tuple[int, int]) -> None:
    image = pictures.quarters(*size)
    reference = Reference(image)
    poor, good = (reference.distance(pictures.encoded(image, ".jpg", Q=quality)) for quality in (5, 95))
    assert 0 <= good <= poor


def test_dissimilarity_reads_through_transparency() -> None:
    image = pictures.decoded(pictures.transparent_png())
    assert Reference(image).distance(pictures.encoded(image, ".webp", lossless=True)) < 1e-3
