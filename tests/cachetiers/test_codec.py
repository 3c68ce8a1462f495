import struct
import tracemalloc
import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cachetiers.codec import Corrupt, Manifest, decode, encode, encode_manifest
from cachetiers.entry import Entry

KEY = "0123456789abcdef"
ENTRY = Entry(b"some bytes", 1_800_000_000.5, 3600.25, {"format": "webp", "name": "é"}, 60.0, 86400.0, negative=True)
BLOB = encode(KEY, ENTRY)
MANIFEST = Manifest.of(replace(ENTRY, value=b"abcdef"), "0011223344556677", 2)

_seconds = st.floats(allow_nan=False)
_entries = st.builds(
    Entry,
    st.binary(max_size=300),
    _seconds,
    _seconds,
    st.dictionaries(st.text(max_size=10), st.text(max_size=10), max_size=5),
    _seconds,
    _seconds,
    st.booleans(),
)


def outcome(key: str, blob: bytes) -> Entry | Manifest | str | None:
    try:
        return decode(key, blob)
    except Corrupt:
        return "corrupt"


@given(st.text(max_size=40), _entries)
def test_whatever_is_encoded_is_decoded_to_the_same(key: str, entry: Entry) -> None:
    assert decode(key, encode(key, entry)) == entry


def test_every_field_travels() -> None:
    assert decode(KEY, BLOB) == ENTRY
    for field in ("value", "created_s", "ttl_s", "facts", "stale_s", "error_s", "negative"):
        assert getattr(ENTRY, field) != getattr(Entry(b"", 0, 0), field)


def test_lone_surrogates_in_keys_and_facts_travel() -> None:
    entry = Entry(b"", 1, 1, {"name": "\udcff"})
    assert decode("\udcff", encode("\udcff", entry)) == entry


@pytest.mark.parametrize("length", range(len(BLOB)))
def test_a_blob_cut_anywhere_is_corrupt(length: int) -> None:
    assert outcome(KEY, BLOB[:length]) == "corrupt"


@pytest.mark.parametrize("bit", range(8))
def test_a_blob_with_any_bit_flipped_is_corrupt_or_of_another_version(bit: int) -> None:
    for position in range(len(BLOB)):
        flipped = bytearray(BLOB)
        flipped[position] ^= 1 << bit
        assert outcome(KEY, bytes(flipped)) == (None if position == 2 else "corrupt")


@given(st.binary(max_size=400))
def test_garbage_is_corrupt_or_of_another_version(garbage: bytes) -> None:
    assert outcome(KEY, garbage) in ("corrupt", None)
    assert outcome(KEY, BLOB[:3] + garbage) == "corrupt"
    assert outcome(KEY, BLOB + garbage + b"x") == "corrupt"


@given(st.integers(0, 255).filter(lambda version: version != BLOB[2]), st.binary(max_size=200))
def test_whatever_another_version_wrote_is_missing_and_not_corrupt(version: int, rest: bytes) -> None:
    assert decode(KEY, BLOB[:2] + bytes([version]) + BLOB[3:]) is None
    assert decode(KEY, BLOB[:2] + bytes([version, 0]) + rest) is None


def test_a_blob_of_another_key_is_corrupt() -> None:
    with pytest.raises(Corrupt, match="another key"):
        decode(KEY[::-1], BLOB)


def test_content_that_no_encoder_of_ours_makes_is_corrupt_although_its_checksum_is_right() -> None:
    def sealed(head: bytes, about: bytes) -> bytes:
        return head + struct.pack(">I", zlib.crc32(about, zlib.crc32(head))) + about

    def body(facts: bytes, kind: int = 0, facts_bytes: int | None = None) -> bytes:
        sizes = (len(KEY), len(facts) if facts_bytes is None else facts_bytes, 0)
        return sealed(
            bytes((*b"bb", 1, kind)), struct.pack(">dddd?HII", 1, 1, 1, 1, False, *sizes) + KEY.encode() + facts
        )

    assert decode(KEY, body(b'{"a": "b"}')) == Entry(b"", 1, 1, {"a": "b"}, 1, 1)
    for blob in (
        body(b"[1]"),
        body(b"{"),
        body(b"[" * 100_000),
        body(b"{}", facts_bytes=3),
        body(b"\xff"),
        body(b"", 7),
    ):
        assert outcome(KEY, blob) == "corrupt"


def test_a_manifest_travels_and_assembles_its_pieces() -> None:
    found = decode(KEY, encode_manifest(KEY, MANIFEST))
    assert found == MANIFEST
    assert isinstance(found, Manifest)
    assert found.assemble([b"abc", b"def"]) == replace(ENTRY, value=b"abcdef")


@pytest.mark.parametrize("pieces", [[b"abc"], [b"def", b"abc"], [b"abc", b"deg"], [b"abc", b"def", b"g"], []])
def test_pieces_that_are_not_those_that_were_meant_are_corrupt(pieces: list[bytes]) -> None:
    with pytest.raises(Corrupt):
        MANIFEST.assemble(pieces)


def test_decoding_copies_the_value_once() -> None:
    size_bytes = 4_000_000
    blob = encode(KEY, Entry(bytes(size_bytes), 1, 1))
    tracemalloc.start()
    found = decode(KEY, blob)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(found, Entry)
    assert size_bytes <= peak_bytes < 1.1 * size_bytes
