"""Whether the pixels that a TIFF names lie inside it; libvips shows missing uncompressed ones as black.

The directories are followed here, without a library, so that none is asked to read
hundreds of thousands of them, or one that speaks of millions of strips.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from origin.errors import BrokenImage, TooCostly
from origin.imaging.limits import MOST_PAGES

_STRIPS, _TILES = (273, 279), (324, 325)
"""Tags of offsets and of lengths (TIFF 6.0, sections 4 and 15)."""

_MOST_PIECES = 262_144
"""Of one page. A picture of the usual most pixels has 200,000 of the smallest tiles."""

_MOST_ENTRIES = 4096
"""That are looked at of one directory; they are in order, and those of the pixels among the first dozens."""

_TYPES = {3: "H", 4: "I", 16: "Q"}
"""Of whole numbers, by their code."""


def judge(body: bytes) -> None:
    """Count the pages of *body*.

    What cannot be read here is the decoder's business.

    Raises:
        TooCostly: There are more than `MOST_PAGES`.
    """
    if next(islice(_File.of(body).directories(), MOST_PAGES, None), None) is not None:
        raise TooCostly(f"the TIFF has more than {MOST_PAGES} pages")


def judge_end(body: bytes, page: int) -> None:
    """Follow the directory of *page*, which alone says where its pixels are.

    What cannot be read here is the decoder's business.

    Raises:
        BrokenImage: A strip or a tile ends behind the end of *body*.
        TooCostly: There are too many of them.
    """
    file = _File.of(body)
    at = next(islice(file.directories(), page, None), None)
    fields = {} if at is None else file.fields(at, (*_STRIPS, *_TILES))
    for offsets, lengths in (_STRIPS, _TILES):
        spans = zip(fields.get(offsets, ()), fields.get(lengths, ()), strict=False)
        if any(offset + length > len(body) for offset, length in spans):
            raise BrokenImage("the TIFF ends before its pixels do")


@dataclass(frozen=True, slots=True)
class _File:
    """A TIFF or BigTIFF, and how its numbers are written, in the letters of `struct`."""

    body: bytes = field(repr=False)
    order: str
    count: str
    offset: str

    @classmethod
    def of(cls, body: bytes) -> "_File":
        order = "<" if body.startswith(b"II") else ">"
        return cls(body, order, "Q", "Q") if b"+" in body[2:4] else cls(body, order, "H", "I")

    def directories(self) -> Iterator[int]:
        """Where the directory of each page is, as far as they can be followed; a circle has no end."""
        at = self._number(self.offset, 8 if self.offset == "Q" else 4)
        while at:
            yield at
            count = self._number(self.count, at)
            at = self._number(self.offset, self._entry(at, count))

    def fields(self, directory: int, tags: tuple[int, ...]) -> dict[int, tuple[int, ...]]:
        """The whole numbers under *tags* in the directory that stands at *directory*."""
        found: dict[int, tuple[int, ...]] = {}
        for number in range(min(self._number(self.count, directory), _MOST_ENTRIES)):
            at = self._entry(directory, number)
            if (tag := self._number("H", at)) in tags:
                found[tag] = self._numbers(at)
        return found

    def _entry(self, directory: int, number: int) -> int:
        """Where an entry begins: of a tag, a type, a count and an offset."""
        return directory + self._size(self.count) + number * (4 + 2 * self._size(self.offset))

    def _numbers(self, entry: int) -> tuple[int, ...]:
        kind, count = self._number("H", entry + 2), self._number(self.offset, entry + 4)
        if count > _MOST_PIECES:
            raise TooCostly(f"the TIFF has its pixels in {count} pieces; at most {_MOST_PIECES} are read")
        if kind not in _TYPES:
            return ()
        form = f"{count}{_TYPES[kind]}"
        value = entry + 4 + self._size(self.offset)
        # Numbers that do not fit into the entry stand where it points.
        at = value if self._size(form) <= self._size(self.offset) else self._number(self.offset, value)
        return self._read(form, at)

    def _size(self, form: str) -> int:
        return struct.calcsize(self.order + form)

    def _number(self, form: str, at: int) -> int:
        """0 behind the end."""
        return next(iter(self._read(form, at)), 0)

    def _read(self, form: str, at: int) -> tuple[int, ...]:
        try:
            return struct.unpack_from(self.order + form, self.body, at)
        except (struct.error, OverflowError):
            return ()
