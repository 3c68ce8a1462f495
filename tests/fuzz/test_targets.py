"""The targets of fuzzing, tried briefly."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cachetiers.codec import Manifest, encode, encode_manifest
from cachetiers.entry import Entry
from tests import bombs, pictures
from tests.fuzz.targets import TARGETS

_ENTRY = Entry(b"value", 1.0, 2.0, {"media_type": "image/png"}, 3.0, 4.0)
_KEY = "0123456789abcdef"

SEEDS = {
    "grammars": [b"/signature/rs:fill:30:20/plain/local:///a.jpg@png", b"/resize?url=https://x/a.jpg&width=3"],
    "codec": [
        encode(_KEY, _ENTRY)[:4][3:] + encode(_KEY, _ENTRY)[8:],
        encode_manifest(_KEY, Manifest.of(_ENTRY, "0011223344556677", 2))[3:4]
        + encode_manifest(_KEY, Manifest.of(_ENTRY, "0011223344556677", 2))[8:],
    ],
    "addresses": [b"93.184.215.14", bytes([8] * 16), b"\x20\x02\x7f\0\0\1" + bytes(10), b"\x7f\0\0\1"],
    "headers": [
        pictures.png(),
        pictures.jpeg(),
        bombs.gif(3),
        bombs.webp(3),
        bombs.tiff(3),
        bombs.tiff(2, big=True, order=">"),
        bombs.text_png(b"iTXt", 1000),
    ],
}


@st.composite
def _damaged(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    body = bytearray(draw(st.sampled_from(seeds)))
    for at, value in draw(st.lists(st.tuples(st.integers(0, len(body) - 1), st.integers(0, 255)), max_size=8)):
        body[at] = value
    return bytes(body[: draw(st.integers(0, len(body)))]) if draw(st.booleans()) else bytes(body)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=400)
@given(st.data())
def test_target_holds_for_whatever_comes(name: str, data: st.DataObject) -> None:
    TARGETS[name](data.draw(st.one_of(_damaged(SEEDS[name]), st.binary(max_size=300))))
