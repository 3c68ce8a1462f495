"""What is too costly, to the pixel."""

from contextlib import nullcontext

import pytest

from origin.errors import TooCostly
from origin.imaging.geometry import Area, Layout, Size
from origin.imaging.limits import Limits
from origin.recipe import Tighter

LIMITS = Limits(source_pixels=1000, result_side_px=50)


def layout(scaled: Size, canvas: Size) -> Layout:
    whole = Area(0, 0, scaled)
    return Layout(whole, False, scaled, Area(0, 0, canvas), False, (), 1.0)


@pytest.mark.parametrize("declared", [Size(1, 1), Size(10, 100), Size(1000, 1), Size(1, 1000)])
def test_a_source_up_to_the_limit_is_decoded(declared: Size) -> None:
    LIMITS.judge_source(declared)


@pytest.mark.parametrize("declared", [Size(1001, 1), Size(7, 143), Size(2**31, 2**31)])
def test_a_source_with_a_pixel_too_many_is_not(declared: Size) -> None:
    with pytest.raises(TooCostly, match=f"{declared.width_px} x {declared.height_px} px; at most 1000"):
        LIMITS.judge_source(declared)


@pytest.mark.parametrize(("side_px", "fits"), [(65_535, True), (65_536, False)])
def test_no_side_is_longer_than_a_jpeg_could_say(side_px: int, fits: bool) -> None:
    for declared in (Size(side_px, 1), Size(1, side_px)):
        with nullcontext() if fits else pytest.raises(TooCostly, match="px a side"):
            Limits(10**9, 50).judge_source(declared)


def test_many_pixels_may_not_be_deep_ones_too() -> None:
    LIMITS.judge_source(Size(100, 10), pixel_bytes=8)
    LIMITS.judge_source(Size(10, 10), pixel_bytes=64)
    with pytest.raises(TooCostly, match="of 16 bytes each"):
        LIMITS.judge_source(Size(100, 10), pixel_bytes=16)


def test_a_source_may_have_a_thousand_pages() -> None:
    LIMITS.judge_source(Size(1, 1), 1000)
    with pytest.raises(TooCostly, match="1001 pages"):
        LIMITS.judge_source(Size(1, 1), 1001)


def test_a_result_may_be_as_long_as_the_limit_on_both_sides() -> None:
    LIMITS.judge_layout(layout(Size(50, 50), Size(50, 50)))


@pytest.mark.parametrize("canvas", [Size(51, 1), Size(1, 51), Size(10**15, 10**15)])
def test_a_result_a_pixel_longer_is_refused(canvas: Size) -> None:
    with pytest.raises(TooCostly, match=f"{max(canvas.width_px, canvas.height_px)} px long; at most 50"):
        LIMITS.judge_layout(layout(Size(1, 1), canvas))


def test_a_small_crop_of_a_picture_scaled_far_up_is_refused() -> None:
    # A strip that fills a square becomes enormous on the way, though the square is small.
    LIMITS.judge_layout(layout(Size(2500, 1), Size(5, 5)))
    with pytest.raises(TooCostly, match="2501 x 1 px on the way"):
        LIMITS.judge_layout(layout(Size(2501, 1), Size(5, 5)))


def test_a_picture_may_be_as_large_on_the_way_as_a_source_may_be() -> None:
    Limits(source_pixels=10_000, result_side_px=50).judge_layout(layout(Size(100, 100), Size(5, 5)))


def test_frames_count_all_together() -> None:
    with pytest.raises(TooCostly):
        LIMITS.judge_layout(layout(Size(50, 50), Size(5, 5)), frames=2)


@pytest.mark.parametrize(
    ("page", "wanted", "used"),
    [(Size(10, 10), 5, 5), (Size(10, 10), 50, 10), (Size(1, 1), 100, 64), (Size(99, 99), 5, 1)],
)
def test_an_animation_beyond_the_limits_ends_early(page: Size, wanted: int, used: int) -> None:
    assert LIMITS.frames_of(page, wanted) == used


def test_a_url_may_tighten_the_limits_and_never_loosen_them() -> None:
    service = Limits(source_pixels=2_000_000, result_side_px=50)
    tight = service.tightened(Tighter(source_megapixels=1, source_bytes=10, frames=3))
    assert (tight.source_pixels, tight.source_bytes, tight.frames) == (1_000_000, 10, 3)
    assert service.tightened(Tighter(source_megapixels=3, frames=1000)) == service
    assert service.tightened(Tighter()) == service
    with pytest.raises(TooCostly, match="11 bytes"):
        tight.judge_bytes(11)
    service.judge_bytes(10**12)
