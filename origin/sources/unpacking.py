"""Bodies that come compressed although nobody asked for that, in steps that are short whatever is in them.

Time is the danger, not only size: of compressed members of nothing, or of blocks of
nothing, megabytes can come and produce no byte that anybody could count, while the
process in which all requests wait for one another is busy with them.
"""

import zlib
from collections.abc import Generator, Iterable, Iterator
from typing import Final, Protocol

from origin.errors import SourceFailed

_FED_BYTES: Final = 8 * 1024
"""At once: even of blocks of nothing that is a millisecond."""
_STEP_BYTES: Final = 128 * 1024
"""What one step gives at the most."""
_MOST_MEMBERS: Final = 10_000
"""Of one body. Tools that compress in parallel, or for access at random, make one of every 64 KiB."""

_GZIP: Final = frozenset({"gzip", "x-gzip"})
_DEFLATE: Final = "deflate"


class _Unpacker(Protocol):
    """What `zlib.decompressobj` makes."""

    @property
    def eof(self) -> bool: ...
    @property
    def unconsumed_tail(self) -> bytes: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


def unpacked(parts: Iterable[bytes], encoding: str, host: str) -> Iterator[bytes]:
    """*parts* of a body as they were before *encoding*; an empty one where a step gave nothing.

    Let others go on after each. A coding that is not known leaves them as they are:
    what calls pictures "utf-8" sends pictures all the same.

    Args:
        parts: As they come.
        encoding: ``Content-Encoding`` (RFC 9110 section 8.4); gzip and deflate are undone, one of them.
        host: Who sends them, for messages.

    Raises:
        SourceFailed: They are not what *encoding* says, or encoded several times.
    """
    codings = [coding for part in encoding.lower().split(",") if (coding := part.strip()) not in ("", "identity")]
    if len(codings) > 1:
        # A kilobyte can hold a megabyte of members of nothing, in members of nothing.
        raise SourceFailed(f"{host} sent a body that is encoded {len(codings)} times")
    if not codings or codings[0] not in _GZIP | {_DEFLATE}:
        return iter(parts)
    return _undone(parts, codings[0], host)


def _undone(parts: Iterable[bytes], coding: str, host: str) -> Iterator[bytes]:
    steps = _members if coding in _GZIP else _stream
    try:
        yield from steps(_pieces(parts))
    except zlib.error:
        raise SourceFailed(f"{host} sent a body that cannot be decompressed") from None


def _pieces(parts: Iterable[bytes]) -> Iterator[bytes]:
    for part in parts:
        for at in range(0, len(part), _FED_BYTES):
            yield part[at : at + _FED_BYTES]


def _members(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Of gzip (RFC 1952): one member after the other, and whatever follows them is dropped."""
    left = next(pieces, b"")
    for _ in range(_MOST_MEMBERS):
        left = yield from _steps(zlib.decompressobj(wbits=31), left, pieces)
        while len(left) < 2 and (piece := next(pieces, b"")):
            left += piece
        if not left.startswith(b"\x1f\x8b"):
            for _ in pieces:
                yield b""
            return
    raise zlib.error(f"more than {_MOST_MEMBERS} members")


def _stream(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Of deflate: with the head of RFC 1950, as it should be, or without, as many send it."""
    first = b""
    while len(first) < 2 and (piece := next(pieces, b"")):
        first += piece
    has_head = first[:1] and first[0] & 15 == 8 and int.from_bytes(first[:2]) % 31 == 0
    yield from _steps(zlib.decompressobj(wbits=15 if has_head else -15), first, pieces)
    for _ in pieces:
        yield b""


def _steps(unpacker: _Unpacker, fed: bytes, pieces: Iterator[bytes]) -> Generator[bytes, None, bytes]:
    """Steps until *unpacker* has come to an end; gives what was fed beyond it."""
    while True:
        yield unpacker.decompress(fed, _STEP_BYTES)
        if unpacker.eof:
            return unpacker.unused_data
        fed = unpacker.unconsumed_tail or next(pieces, b"")
        if not fed:
            raise zlib.error("it ends early")
