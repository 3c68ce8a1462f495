import pyvips

from origin.imaging.recent import Recent
from tests.pictures import decoded, jpeg, png, quarters

ROOM = 64 * 64 * 3


class Decoder:
    """Decodes PNG, and counts how often."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> pyvips.Image:
        self.calls += 1
        return decoded(png())


def test_the_same_picture_is_decoded_once_in_a_row() -> None:
    recent, decoder = Recent(ROOM), Decoder()
    first, second = (recent.pixels(png(), 0, decoder) for _ in range(2))
    assert decoder.calls == 1
    assert first.write_to_memory() == second.write_to_memory() == quarters().write_to_memory()


def test_another_picture_and_another_page_are_decoded() -> None:
    recent, decoder = Recent(ROOM), Decoder()
    for body, page in ((png(), 0), (png(), 1), (jpeg(), 1), (png(), 0)):
        recent.pixels(body, page, decoder)
    assert decoder.calls == 4


def test_what_one_pipeline_notes_down_another_does_not_see() -> None:
    recent, decoder = Recent(ROOM), Decoder()
    recent.pixels(png(), 0, decoder).set_type(pyvips.GValue.gint_type, "page-height", 7)
    assert "page-height" not in recent.pixels(png(), 0, decoder).get_fields()


def test_large_ones_are_not_kept() -> None:
    recent, decoder = Recent(ROOM - 1), Decoder()
    for _ in range(2):
        recent.pixels(png(), 0, decoder)
    assert decoder.calls == 2
