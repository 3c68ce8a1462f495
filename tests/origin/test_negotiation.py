import pytest
from hypothesis import given
from hypothesis import strategies as st

from origin.negotiation import Negotiated, negotiate
from origin.recipe import OutputFormat

WEBP, AVIF, JXL = OutputFormat.WEBP, OutputFormat.AVIF, OutputFormat.JXL
ALL = frozenset({WEBP, AVIF, JXL})
CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "switched_on", "best"),
    [
        (CHROME, frozenset({WEBP}), WEBP),
        (CHROME, ALL, AVIF),
        ("*/*", ALL, None),
        ("image/*", ALL, None),
        ("", ALL, None),
        ("image/webp;q=0", ALL, None),
        ("image/avif;q=0.5, image/webp;q=0.9", ALL, WEBP),
        ("image/avif;q=0.9, image/webp;q=0.9", ALL, AVIF),
        ("IMAGE/WEBP", ALL, WEBP),
        ("image/webp ; q=0.3", ALL, WEBP),
        ("image/webp;level=1;q=0.3", ALL, WEBP),
        ("image/webp;q=nan", ALL, None),
        ("image/webp;q=2", ALL, None),
        ("image/webp;q=", ALL, None),
        ("image/webpx", ALL, None),
        ("image/jxl", ALL, JXL),
        ("image/jxl", frozenset({WEBP}), None),
        (";;,,q=1", ALL, None),
        ("image/webp," + "x/y," * 1000, ALL, None),
    ],
)
def test_the_best_format_that_is_on_and_named_wins(
    accept: str, switched_on: frozenset[OutputFormat], best: OutputFormat | None
) -> None:
    assert negotiate(None, accept, switched_on) == Negotiated(best, varies=True)


def test_a_format_that_was_asked_for_does_not_vary() -> None:
    assert negotiate(OutputFormat.PNG, CHROME, ALL) == Negotiated(OutputFormat.PNG, varies=False)


def test_nothing_varies_when_nothing_is_switched_on() -> None:
    assert negotiate(None, CHROME, frozenset()) == Negotiated(None, varies=False)


@given(st.text())
def test_any_accept_gives_a_format_that_is_on_or_none(accept: str) -> None:
    assert negotiate(None, accept, frozenset({WEBP})).format in (WEBP, None)
