import contextlib
import gzip
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origin.errors import SourceFailed
from origin.sources.unpacking import unpacked
from tests.webserver import BLOCK_OF_NOTHING

BODY = bytes(range(256)) * 1000
NOTHING = gzip.compress(b"")


def bare(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


def whole(body: bytes, encoding: str, part_bytes: int = 1000) -> bytes:
    parts = (body[at : at + part_bytes] for at in range(0, len(body), part_bytes))
    return b"".join(unpacked(parts, encoding, "img.example.com"))


@pytest.mark.parametrize("part_bytes", [1, 7, 10**6])
@pytest.mark.parametrize(
    ("packed", "encoding"),
    [
        (gzip.compress(BODY), "gzip"),
        (gzip.compress(BODY), "X-GZIP"),
        (gzip.compress(BODY), " , identity, gzip"),
        (gzip.compress(BODY[:99]) + NOTHING + gzip.compress(BODY[99:]), "gzip"),
        (gzip.compress(BODY) + b"\0" * 512, "gzip"),
        (gzip.compress(BODY) + b"\x1f", "gzip"),
        (zlib.compress(BODY), "deflate"),
        (zlib.compress(BODY) + b"what follows", "deflate"),
        (bare(BODY), "deflate"),
        (BODY, ""),
        (BODY, "identity"),
        (BODY, "br"),
        (BODY, "utf-8"),
    ],
)
def test_body_is_what_it_was_before_it_was_encoded(packed: bytes, encoding: str, part_bytes: int) -> None:
    assert whole(packed, encoding, part_bytes) == BODY


@pytest.mark.parametrize(
    ("packed", "encoding"),
    [
        (b"", "gzip"),
        (b"", "deflate"),
        (b"no gzip", "gzip"),
        (b"\xff\xff\xff", "deflate"),
        (gzip.compress(BODY)[:-1], "gzip"),
        (gzip.compress(BODY) + NOTHING[:-1], "gzip"),
        (zlib.compress(BODY)[:-1], "deflate"),
        (gzip.compress(gzip.compress(BODY)), "gzip, gzip"),
        (BODY, "br, gzip"),
        (NOTHING * 20_000, "gzip"),
    ],
)
def test_body_that_is_not_what_it_is_called_is_a_failure_of_the_source(packed: bytes, encoding: str) -> None:
    with pytest.raises(SourceFailed, match=r"^img\.example\.com "):
        whole(packed, encoding)


@pytest.mark.parametrize(
    ("packed", "encoding"),
    [(NOTHING * 5000, "gzip"), (BLOCK_OF_NOTHING * 200_000, "deflate"), (gzip.compress(bytes(10**7)), "gzip")],
)
def test_others_have_a_turn_after_every_eight_kilobytes_that_come_and_every_member_that_ends(
    packed: bytes, encoding: str
) -> None:
    taken = 0

    def parts() -> Iterator[bytes]:
        nonlocal taken
        for at in range(0, len(packed), 8192):
            taken += 1
            yield packed[at : at + 8192]

    turns, longest, least = 0, 0, len(packed) // 8192
    try:
        for step in unpacked(parts(), encoding, "img.example.com"):
            turns += 1
            longest = max(longest, len(step))
            assert taken <= turns + 1
    except SourceFailed:
        assert encoding == "deflate"  # it has no end
    assert turns >= (5000 if NOTHING * 2 in packed else least)
    assert longest <= 128 * 1024


@given(st.binary(max_size=200), st.sampled_from(["gzip", "deflate"]), st.integers(1, 200))
def test_whatever_comes_is_unpacked_or_refused(packed: bytes, encoding: str, part_bytes: int) -> None:
    for body in (packed, gzip.compress(packed) + packed, zlib.compress(packed)[:-3] + packed):
        with contextlib.suppress(SourceFailed):
            whole(body, encoding, part_bytes)


@given(st.binary(max_size=3000), st.integers(1, 500))
def test_bodies_travel_there_and_back(body: bytes, part_bytes: int) -> None:
    assert whole(gzip.compress(body), "gzip", part_bytes) == body
    assert whole(zlib.compress(body), "deflate", part_bytes) == body
    assert whole(bare(body), "deflate", part_bytes) == body
