"""What a picture is likely to take grows with what is to be read and written, and is learnt from those before it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origin.imaging.expectation import Kind, Pace, Work, work_of
from origin.imaging.job import Job
from origin.imaging.limits import Limits
from origin.recipe import AutoQuality, AutoQualityMethod, Encoding, OutputFormat, Recipe, Resize
from tests import pictures

LIMITS = Limits(50_000_000, 8192)
PHOTO = pictures.jpeg(64, 64) + bytes(1_000_000)


def work(body: bytes = PHOTO, side_px: int = 800, name: OutputFormat | None = OutputFormat.JPEG) -> Work:
    return work_of(body, Job(Recipe(resize=Resize(width_px=side_px, height_px=side_px), format=name), LIMITS))


def test_what_is_dear_is_expected_to_take_longer() -> None:
    by_format = [work(name=OutputFormat(name)).guess_s for name in ("jpg", "webp", "png", "avif")]
    assert by_format == sorted(by_format)
    assert by_format[-1] > 4 * by_format[0]
    by_side = [work(side_px=side_px).guess_s for side_px in (100, 400, 1600)]
    assert by_side == sorted(set(by_side))
    assert work(PHOTO * 20).guess_s > 5 * work().guess_s


@pytest.mark.parametrize(
    ("body", "source"),
    [
        (PHOTO, "jpg"),
        (pictures.png(), "png"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "svg"),
        (b"no picture", ""),
        (b"", ""),
    ],
)
def test_a_kind_is_what_is_read_and_what_is_written(body: bytes, source: str) -> None:
    assert work(body, name=OutputFormat.AVIF).kind == Kind(source, "avif")


def test_no_format_named_is_the_source_s_own() -> None:
    assert work(pictures.png(), name=None) == work(pictures.png(), name=OutputFormat.PNG)
    assert work(b"no picture", name=None).kind == Kind("", "jpg")


def test_a_result_is_no_larger_than_its_source_unless_it_may_be() -> None:
    small = pictures.jpeg(64, 64)
    assert work(small, side_px=8000) == work(small, side_px=0)
    enlarged = Recipe(resize=Resize(width_px=8000, enlarge=True), format=OutputFormat.JPEG)
    assert work_of(small, Job(enlarged, LIMITS)).guess_s > 100 * work(small, side_px=8000).guess_s


def test_a_search_for_a_quality_and_a_choice_of_formats_are_several_encodes() -> None:
    once = Job(Recipe(format=OutputFormat.WEBP), LIMITS)
    searches = (Encoding(max_bytes=1000), Encoding(autoquality=AutoQuality(AutoQualityMethod.DSSIM)))
    for encoding in searches:
        assert work_of(PHOTO, replace(once, recipe=replace(once.recipe, encoding=encoding))).guess_s > 2 * (
            work_of(PHOTO, once).guess_s
        )
    best = replace(
        once,
        recipe=Recipe(format=OutputFormat.BEST),
        candidates=frozenset({OutputFormat.WEBP, OutputFormat.AVIF, OutputFormat.JPEG}),
    )
    assert work_of(PHOTO, best).guess_s > work(side_px=0, name=OutputFormat.AVIF).guess_s
    assert work_of(PHOTO, best).kind == Kind("jpg", "best")


def test_what_is_no_picture_takes_next_to_nothing() -> None:
    for job in (Job(Recipe(), LIMITS, info=True), Job(Recipe(raw=True), LIMITS)):
        assert work_of(PHOTO * 20, job).guess_s < 0.01


@given(
    st.binary(max_size=64),
    st.integers(0, 10**9),
    st.integers(0, 10**9),
    st.booleans(),
    st.floats(0.01, 8),
    st.sampled_from([None, *OutputFormat]),
)
def test_every_guess_is_a_time_that_one_picture_may_take(
    body: bytes, width_px: int, height_px: int, enlarge: bool, dpr: float, name: OutputFormat | None
) -> None:
    recipe = Recipe(resize=Resize(width_px=width_px, height_px=height_px, enlarge=enlarge), dpr=dpr, format=name)
    assert 0.0 < work_of(body, Job(recipe, LIMITS, candidates=frozenset(OutputFormat))).guess_s <= 20.0


@given(st.lists(st.floats(0.001, 20.0), min_size=1, max_size=60))
def test_a_pace_lies_between_the_quickest_and_the_slowest(taken_s: list[float]) -> None:
    pace = Pace()
    for one_s in taken_s:
        pace = pace.after(0.5, one_s)
    assert min(taken_s) / 0.5 * 0.999 <= pace.factor <= max(taken_s) / 0.5 * 1.001


def test_a_pace_follows_what_is_true_now_and_no_single_picture() -> None:
    pace = Pace()
    for _ in range(100):
        pace = pace.after(0.1, 0.1)
    assert pace.after(0.1, 10.0).factor < 1.5
    assert pace.after(0.1, 0.0).factor > 0.5
    for _ in range(60):
        pace = pace.after(0.1, 0.4)
    assert pace.factor == pytest.approx(4.0, rel=0.05)
