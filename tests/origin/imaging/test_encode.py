"""Which format is written, how well, how small, and that what was written can be read again."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import pyvips

from origin.development import SAMPLES
from origin.errors import CannotWrite
from origin.imaging.content import has_fine_colour, is_flat
from origin.imaging.dissimilarity import Reference
from origin.imaging.encode import (
    WRITABLE,
    Order,
    Written,
    animates,
    chosen_format,
    chosen_quality,
    keeps_alpha,
    longest_side_px,
    same_look,
    write,
)
from origin.imaging.geometry import Size
from origin.imaging.inspect import SourceFacts, SourceFormat, sniff
from origin.recipe import (
    AutoQuality,
    AutoQualityMethod,
    Encoding,
    JpegOptions,
    OutputFormat,
    PngOptions,
    Subsample,
    WebpCompression,
    WebpOptions,
)
from tests import pictures

LOSSY = [OutputFormat.JPEG, OutputFormat.WEBP, OutputFormat.AVIF]
BEST = OutputFormat.BEST


def encoded(image: pyvips.Image, name: OutputFormat, quality: int | None = 95, **options: object) -> Written:
    return write(image, name, Order(replace(Encoding(quality=quality), **options)))  # type: ignore[arg-type]


def textured(side_px: int = 96) -> pyvips.Image:
    """Soft noise: something for lossy encoders to lose."""
    noise = pyvips.Image.gaussnoise(side_px, side_px, mean=128, sigma=60, seed=1).gaussblur(1)
    image = noise.bandjoin([noise * 0.8, noise * 0.6]).cast("uchar").copy(interpretation="srgb")
    return image.copy_memory()


def coloured_lines() -> pyvips.Image:
    """Red and blue lines, one pixel wide."""
    image = pictures.quarters()
    for x in range(0, 64, 2):
        image = image.draw_line([220, 20, 30] if x % 4 else [20, 30, 220], x, 0, x, 63)
    return image.copy_memory()


def frames() -> pyvips.Image:
    strip = pictures.quarters().join(pictures.quarters().rot180(), "vertical").copy()
    strip.set_type(pyvips.GValue.gint_type, "page-height", 64)
    strip.set_type(pyvips.GValue.array_int_type, "delay", [70, 110])
    strip.set_type(pyvips.GValue.gint_type, "loop", 3)
    return strip


def facts(name: SourceFormat, *, has_alpha: bool = False) -> SourceFacts:
    return SourceFacts(name, Size(64, 64), 1, has_alpha)


@pytest.mark.parametrize("name", sorted(WRITABLE))
def test_what_is_written_is_the_format_that_was_named(name: OutputFormat) -> None:
    written = encoded(pictures.quarters(), name)
    assert sniff(written.body).value == written.format.value == name.value


@pytest.mark.parametrize("name", sorted(WRITABLE))
def test_what_is_written_looks_the_same_when_read(name: OutputFormat) -> None:
    image = pictures.decoded(encoded(pictures.quarters(64, 48), name).body)
    assert (image.width, image.height) == (64, 48)
    assert pictures.near(image, 8, 8, pictures.RED)
    assert pictures.near(image, 56, 8, pictures.GREEN)
    assert pictures.near(image, 8, 40, pictures.BLUE)
    assert pictures.near(image, 56, 40, pictures.GREY)


@pytest.mark.parametrize("name", [*sorted(WRITABLE), BEST])
@pytest.mark.parametrize("make", [pictures.quarters, lambda: pictures.quarters()[1].copy(interpretation="b-w")])
def test_a_single_pixel_can_be_written_in_colour_and_grey(name: OutputFormat, make: Callable[[], pyvips.Image]) -> None:
    image = pictures.decoded(encoded(make().crop(0, 0, 1, 1), name).body)
    assert (image.width, image.height) == (1, 1)


@pytest.mark.parametrize("name", sorted(WRITABLE))
def test_alpha_is_kept_by_the_formats_that_say_so(name: OutputFormat) -> None:
    clear = pictures.decoded(pictures.transparent_png())
    if not keeps_alpha(name):
        assert name is OutputFormat.JPEG
        return
    image = pictures.decoded(encoded(clear, name, 90).body)
    assert image.hasalpha()
    assert image(8, 8)[3] == 255
    assert image(56, 8)[3] == 0


@pytest.mark.parametrize("name", LOSSY)
def test_quality_is_paid_for_in_bytes(name: OutputFormat) -> None:
    sizes = [len(encoded(textured(), name, quality).body) for quality in (20, 60, 95)]
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize("name", [OutputFormat.PNG, OutputFormat.GIF, OutputFormat.TIFF])
def test_formats_without_loss_pay_no_heed_to_quality(name: OutputFormat) -> None:
    sparse, rich = (encoded(pictures.quarters(), name, quality) for quality in (1, 100))
    assert sparse.quality is rich.quality is None
    assert (pictures.decoded(sparse.body) - pictures.decoded(rich.body)).abs().max() == 0


@pytest.mark.parametrize("name", [SourceFormat.JPEG, SourceFormat.PNG, SourceFormat.WEBP, SourceFormat.GIF])
def test_with_nothing_asked_a_web_format_stays_itself(name: SourceFormat) -> None:
    assert chosen_format(None, facts(name)).value == name.value


def test_with_nothing_asked_a_tiff_becomes_png_with_alpha_and_jpeg_without() -> None:
    assert chosen_format(None, facts(SourceFormat.TIFF, has_alpha=True)) is OutputFormat.PNG
    assert chosen_format(None, facts(SourceFormat.TIFF)) is OutputFormat.JPEG


@pytest.mark.parametrize("name", [*sorted(WRITABLE), BEST])
def test_what_was_asked_is_written_whatever_the_source(name: OutputFormat) -> None:
    assert chosen_format(name, facts(SourceFormat.PNG, has_alpha=True)) is name


@pytest.mark.parametrize("name", sorted(frozenset(OutputFormat) - WRITABLE - {BEST}))
def test_a_format_this_build_does_not_write_is_refused_by_name(name: OutputFormat) -> None:
    with pytest.raises(CannotWrite, match=f"does not write {name.value}; it writes avif gif jpg"):
        chosen_format(name, facts(SourceFormat.PNG))


def test_limits_of_the_formats_are_known_and_best_keeps_to_the_tightest() -> None:
    assert longest_side_px(OutputFormat.WEBP) == 16_383
    assert longest_side_px(OutputFormat.AVIF) == 16_384
    assert longest_side_px(OutputFormat.JPEG) == longest_side_px(OutputFormat.GIF) == 65_535
    assert longest_side_px(BEST) == 16_383


def test_quality_of_the_format_goes_before_quality_before_the_default() -> None:
    encoding = Encoding(quality=70, format_quality=((OutputFormat.AVIF, 40),))
    assert chosen_quality(OutputFormat.AVIF, encoding, 80) == 40
    assert chosen_quality(OutputFormat.JPEG, encoding, 80) == 70
    assert chosen_quality(OutputFormat.JPEG, Encoding(), 80) == 80


@pytest.mark.parametrize("name", LOSSY)
def test_the_default_means_one_look_on_every_encoders_own_scale(name: OutputFormat) -> None:
    scale = [same_look(name, quality) for quality in range(1, 101)]
    assert scale == sorted(scale)
    assert (scale[0], scale[-1]) == (1, 100)


def test_options_of_the_jpeg_encoder_reach_it() -> None:
    whole = encoded(textured(), OutputFormat.JPEG, 80, jpeg=JpegOptions(no_subsample=True, progressive=True))
    halved = encoded(textured(), OutputFormat.JPEG, 95, jpeg=JpegOptions(no_subsample=False))
    assert pictures.decoded(whole.body).get("jpeg-chroma-subsample") == "4:4:4"
    assert pictures.decoded(whole.body).get_typeof("jpeg-multiscan")
    assert pictures.decoded(halved.body).get("jpeg-chroma-subsample") == "4:2:0"


def test_colour_is_halved_in_photographs_and_whole_in_coloured_lines() -> None:
    photo, lines = (encoded(image, OutputFormat.JPEG, 80).body for image in (textured(), coloured_lines()))
    assert pictures.decoded(photo).get("jpeg-chroma-subsample") == "4:2:0"
    assert pictures.decoded(lines).get("jpeg-chroma-subsample") == "4:4:4"


def test_fine_colour_and_flatness_are_told_apart() -> None:
    assert has_fine_colour(coloured_lines())
    assert not has_fine_colour(textured())
    assert is_flat(pictures.quarters())
    assert not is_flat(textured())


@pytest.mark.parametrize("subsample", [Subsample.ON, Subsample.OFF])
def test_avif_colour_is_halved_or_not_as_asked(subsample: Subsample) -> None:
    image = coloured_lines()
    body = encoded(image, OutputFormat.AVIF, 90, avif_subsample=subsample).body
    lost = (pictures.decoded(body) - image).abs().avg()
    assert (lost > 20) == (subsample is Subsample.ON)


def test_a_png_is_quantised_only_when_asked() -> None:
    plain = pictures.decoded(encoded(textured(), OutputFormat.PNG).body)
    few = pictures.decoded(
        encoded(textured(), OutputFormat.PNG, png=PngOptions(quantize=True, quantization_colours=4)).body
    )
    assert (plain - textured()).abs().max() == 0
    assert len(_colours(few)) <= 4


def _colours(image: pyvips.Image) -> set[tuple[int, ...]]:
    pixels, bands = bytes(image.write_to_memory()), image.bands
    return {tuple(pixels[at : at + bands]) for at in range(0, len(pixels), bands)}


@pytest.mark.parametrize("compression", [WebpCompression.LOSSLESS, WebpCompression.NEAR_LOSSLESS])
def test_webp_without_loss_keeps_every_pixel_or_nearly(compression: WebpCompression) -> None:
    image = pictures.quarters()
    body = encoded(image, OutputFormat.WEBP, 100, webp=WebpOptions(compression)).body
    assert (pictures.decoded(body) - image).abs().max() == 0


@pytest.mark.parametrize("name", [OutputFormat.GIF, OutputFormat.WEBP, BEST])
def test_an_animation_keeps_frames_delays_and_loop(name: OutputFormat) -> None:
    written = encoded(frames(), name)
    assert animates(written.format)
    strip = pyvips.Image.new_from_buffer(written.body, "", n=-1)
    assert (strip.get("n-pages"), strip.get("page-height"), strip.get("loop")) == (2, 64, 3)
    assert strip.get("delay") == [70, 110]
    assert pictures.near(strip, 56, 64 + 56, pictures.RED, 30)


@pytest.mark.parametrize("name", LOSSY)
def test_bytes_keep_to_a_limit_that_can_be_kept(name: OutputFormat) -> None:
    rich, poor = (len(encoded(textured(), name, quality).body) for quality in (90, 1))
    written = encoded(textured(), name, 90, max_bytes=(rich + 3 * poor) // 4)
    assert len(written.body) <= (rich + 3 * poor) // 4
    assert written.quality is not None
    assert written.quality > 1


@pytest.mark.parametrize("name", LOSSY)
def test_a_limit_that_cannot_be_kept_gives_the_smallest(name: OutputFormat) -> None:
    assert encoded(textured(), name, 80, max_bytes=10).quality == 1


@pytest.mark.parametrize("name", [OutputFormat.PNG, OutputFormat.GIF])
def test_formats_without_quality_keep_to_a_limit_by_fewer_colours(name: OutputFormat) -> None:
    whole = len(encoded(textured(), name).body)
    assert len(encoded(textured(), name, max_bytes=whole // 2).body) <= whole // 2


def test_lossless_webp_keeps_to_a_limit_by_becoming_lossy() -> None:
    webp = WebpOptions(WebpCompression.LOSSLESS)
    whole = len(encoded(textured(), OutputFormat.WEBP, webp=webp).body)
    written = encoded(textured(), OutputFormat.WEBP, webp=webp, max_bytes=whole // 3)
    assert len(written.body) <= whole // 3
    assert written.quality is not None


def test_tiff_comes_as_large_as_it_is() -> None:
    assert len(encoded(textured(), OutputFormat.TIFF, max_bytes=10).body) > 10


@pytest.mark.parametrize("name", LOSSY)
def test_automatic_quality_comes_close_under_the_size_asked(name: OutputFormat) -> None:
    wanted = len(encoded(textured(), name, 60).body)
    auto = AutoQuality(AutoQualityMethod.SIZE, wanted, 1, 100)
    written = encoded(textured(), name, 90, autoquality=auto)
    assert wanted * 0.8 <= len(written.body) <= wanted


@pytest.mark.parametrize("name", LOSSY)
def test_automatic_quality_is_as_alike_as_asked_and_no_dearer_than_need_be(name: OutputFormat) -> None:
    reference = Reference(textured())
    target = reference.distance(encoded(textured(), name, 70).body)
    auto = AutoQuality(AutoQualityMethod.DSSIM, target * 1.001, 1, 100)
    written = encoded(textured(), name, 95, autoquality=auto)
    assert reference.distance(written.body) <= target * 1.001
    assert written.quality is not None
    assert written.quality <= 75
    assert written.tries <= 5


@pytest.mark.parametrize("method", [AutoQualityMethod.SIZE, AutoQualityMethod.DSSIM])
def test_automatic_quality_stays_between_its_bounds(method: AutoQualityMethod) -> None:
    for target in (1e-9, 1e9):
        written = encoded(textured(), OutputFormat.JPEG, autoquality=AutoQuality(method, target, 40, 60))
        assert written.quality in (40, 60)


def test_a_limit_in_bytes_goes_before_automatic_quality() -> None:
    auto = AutoQuality(AutoQualityMethod.DSSIM, 1e-9, 80, 95)
    limit = len(encoded(textured(), OutputFormat.JPEG, 50).body)
    assert len(encoded(textured(), OutputFormat.JPEG, autoquality=auto, max_bytes=limit).body) <= limit


def test_best_without_anything_the_client_names_is_jpeg_or_png_by_content() -> None:
    assert encoded(textured(), BEST, None).format is OutputFormat.JPEG
    assert encoded(pictures.decoded(pictures.transparent_png()), BEST, None).format is OutputFormat.PNG
    assert encoded(pictures.quarters(), BEST, None).format is OutputFormat.PNG


def test_best_is_no_larger_than_any_candidate_at_the_same_look() -> None:
    image = pyvips.Image.thumbnail_buffer((SAMPLES / "portrait.jpg").read_bytes(), 160).copy_memory()
    candidates = frozenset(LOSSY)
    written = write(image, BEST, Order(candidates=candidates))
    assert len(written.body) == min(len(write(image, name, Order()).body) for name in candidates)
    assert written.tries == 3


def test_best_drops_an_alpha_channel_that_hides_nothing() -> None:
    assert encoded(textured().addalpha(), BEST, None).format is OutputFormat.JPEG


def test_best_keeps_to_a_limit_in_bytes() -> None:
    candidates = frozenset({OutputFormat.WEBP})
    order = Order(candidates=candidates)
    limit = len(write(textured(), BEST, order).body) // 2
    assert len(write(textured(), BEST, replace(order, encoding=Encoding(max_bytes=limit))).body) <= limit


def test_best_offers_a_client_nothing_it_did_not_name() -> None:
    for image in (textured(), pictures.quarters(), frames()):
        assert encoded(image, BEST, None).format in {OutputFormat.JPEG, OutputFormat.PNG, OutputFormat.GIF}
