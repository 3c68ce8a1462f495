"""Which format is written, how well, and that what was written can be read again."""

import pytest
import pyvips

from origin.errors import CannotWrite
from origin.imaging.encode import WRITABLE, chosen_format, chosen_quality, encode, keeps_alpha
from origin.imaging.geometry import Size
from origin.imaging.inspect import SourceFacts, SourceFormat, sniff
from origin.recipe import OutputFormat
from tests import pictures


def facts(name: SourceFormat, *, has_alpha: bool = False) -> SourceFacts:
    return SourceFacts(name, Size(64, 64), 1, has_alpha)


@pytest.mark.parametrize("name", sorted(WRITABLE))
def test_what_is_written_is_the_format_that_was_named(name: OutputFormat) -> None:
    assert sniff(encode(pictures.quarters(), name, 90)).value == name.value


@pytest.mark.parametrize("name", sorted(WRITABLE))
def test_what_is_written_looks_the_same_when_read(name: OutputFormat) -> None:
    image = pictures.decoded(encode(pictures.quarters(64, 48), name, 95))
    assert (image.width, image.height) == (64, 48)
    assert pictures.near(image, 8, 8, pictures.RED)
    assert pictures.near(image, 56, 8, pictures.GREEN)
    assert pictures.near(image, 8, 40, pictures.BLUE)
    assert pictures.near(image, 56, 40, pictures.GREY)


@pytest.mark.parametrize("name", sorted(WRITABLE))
def test_a_single_pixel_can_be_written(name: OutputFormat) -> None:
    image = pictures.decoded(encode(pictures.quarters().crop(0, 0, 1, 1), name, 95))
    assert (image.width, image.height) == (1, 1)


@pytest.mark.parametrize("name", sorted(WRITABLE))
def test_alpha_is_kept_by_the_formats_that_say_so(name: OutputFormat) -> None:
    clear = pictures.decoded(pictures.transparent_png())
    if not keeps_alpha(name):
        assert name is OutputFormat.JPEG
        return
    image = pictures.decoded(encode(clear, name, 90))
    assert image.hasalpha()
    assert image(8, 8)[3] == 255
    assert image(56, 8)[3] == 0


@pytest.mark.parametrize("name", [OutputFormat.JPEG, OutputFormat.WEBP, OutputFormat.AVIF])
def test_quality_is_paid_for_in_bytes(name: OutputFormat) -> None:
    noise = pyvips.Image.gaussnoise(64, 64, mean=128, sigma=40)
    image = noise.bandjoin([noise, noise]).cast("uchar").copy(interpretation="srgb").copy_memory()
    assert len(encode(image, name, 20)) < len(encode(image, name, 60)) < len(encode(image, name, 95))


@pytest.mark.parametrize("name", [OutputFormat.PNG, OutputFormat.GIF])
def test_formats_without_loss_pay_no_heed_to_quality(name: OutputFormat) -> None:
    sparse, rich = (pictures.decoded(encode(pictures.quarters(), name, quality)) for quality in (1, 100))
    assert (sparse - rich).abs().max() == 0


@pytest.mark.parametrize("name", [SourceFormat.JPEG, SourceFormat.PNG, SourceFormat.WEBP, SourceFormat.GIF])
def test_with_nothing_asked_a_web_format_stays_itself(name: SourceFormat) -> None:
    assert chosen_format(None, facts(name)).value == name.value


def test_with_nothing_asked_a_tiff_becomes_png_with_alpha_and_jpeg_without() -> None:
    assert chosen_format(None, facts(SourceFormat.TIFF, has_alpha=True)) is OutputFormat.PNG
    assert chosen_format(None, facts(SourceFormat.TIFF)) is OutputFormat.JPEG


@pytest.mark.parametrize("name", sorted(WRITABLE))
def test_what_was_asked_is_written_whatever_the_source(name: OutputFormat) -> None:
    assert chosen_format(name, facts(SourceFormat.PNG, has_alpha=True)) is name


@pytest.mark.parametrize("name", sorted(frozenset(OutputFormat) - WRITABLE))
def test_a_format_this_build_does_not_write_is_refused_by_name(name: OutputFormat) -> None:
    with pytest.raises(CannotWrite, match=f"does not write {name.value}; it writes avif gif jpg"):
        chosen_format(name, facts(SourceFormat.PNG))


def test_quality_of_the_url_holds_on_every_scale() -> None:
    assert [chosen_quality(name, 70, 80) for name in (OutputFormat.JPEG, OutputFormat.AVIF)] == [70, 70]


def test_default_quality_is_lower_for_avif_and_never_below_one() -> None:
    assert chosen_quality(OutputFormat.WEBP, None, 80) == 80
    assert chosen_quality(OutputFormat.AVIF, None, 80) < 80
    assert chosen_quality(OutputFormat.AVIF, None, 1) == 1
