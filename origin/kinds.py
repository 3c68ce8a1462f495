"""Kinds of arguments: how each is read, how it is written, and what it is called in documents.

Reading and writing are inverses. Each takes and gives a list of texts, because
some values, a gravity or a colour, are spelled in several arguments.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from origin.arguments import (
    anything,
    boolean,
    decimal,
    decode_base64url,
    encode_base64url,
    one_of,
    plain,
    positive,
    whole,
)
from origin.recipe import Anchor, Colour, Gravity, OutputFormat, Padding

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of value.

    Args:
        read: Arguments, of which at least one is not empty, to the value; raises ValueError with the reason.
        write: The value to the arguments that spell it.
        says: What may stand there, for documents.
        takes: The most arguments it takes.
    """

    read: Callable[[Sequence[str]], Any]
    write: Callable[[Any], Sequence[str]]
    says: str
    takes: int = 1


def one(read: Callable[[str], T], write: Callable[[T], str], says: str) -> Kind:
    """A kind spelled in a single argument."""
    return Kind(lambda texts: read(texts[0]), lambda value: [write(value)], says)


def number(least: int, most: int | None = None, says: str = "") -> Kind:
    """Whole numbers."""
    bounds = f"{least} to {most}" if most is not None else f"{least} and above"
    return one(whole(least, most), str, says or f"whole number, {bounds}")


def share(least: float | None = None, most: float | None = None, says: str = "number") -> Kind:
    """Numbers with a point."""
    return one(decimal(least, most), plain, says)


def choice(words: type[E]) -> Kind:
    """The words of an enumeration."""
    return one(one_of({word.value: word for word in words}), lambda word: word.value, " ".join(words))


FORMAT_NAMES: Mapping[str, OutputFormat] = {name.value: name for name in OutputFormat} | {"jpeg": OutputFormat.JPEG}
_read_format = one_of(FORMAT_NAMES)

TEXT = one(anything, anything, "any text")
FLAG = one(boolean, lambda value: "1" if value else "0", "1 or 0")
POSITIVE = one(positive, plain, "number above 0")
FORMAT = one(_read_format, lambda name: name.value, " ".join(OutputFormat))
ENCODED = one(decode_base64url, encode_base64url, "base64url of UTF-8 text")


def _quarter_turns(text: str) -> int:
    degrees = whole(-(10**9), 10**9)(text)
    if degrees % 90:
        raise ValueError(f"{degrees} is not a multiple of 90")
    return degrees % 360


QUARTERS = one(_quarter_turns, str, "multiple of 90")

_HEX_COLOUR = re.compile(r"[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6}")


def _read_hex(text: str) -> Colour:
    if not _HEX_COLOUR.fullmatch(text):
        raise ValueError(f"{text!r} is not a hex colour of three or six digits")
    digits = text if len(text) == 6 else "".join(digit * 2 for digit in text)
    return Colour(*bytes.fromhex(digits))


def _write_hex(colour: Colour) -> str:
    return f"{colour.red:02x}{colour.green:02x}{colour.blue:02x}"


def _read_colour(texts: Sequence[str]) -> Colour:
    if len(texts) == 3:
        red, green, blue = (whole(0, 255)(text) for text in texts)
        return Colour(red, green, blue)
    if len(texts) != 1 or not _HEX_COLOUR.fullmatch(texts[0]):
        raise ValueError(f"{':'.join(texts)!r} is neither R:G:B nor a hex colour")
    return _read_hex(texts[0])


HEX_COLOUR = one(_read_hex, _write_hex, "hex colour")
COLOUR = Kind(_read_colour, lambda colour: [_write_hex(colour)], "R:G:B or hex colour", takes=3)

_COMPASS = {anchor.value: anchor for anchor in Anchor if anchor not in (Anchor.SMART, Anchor.FOCAL_POINT)}
_STEADY = _COMPASS | {"fp": Anchor.FOCAL_POINT}
_ANY = _STEADY | {"sm": Anchor.SMART}
_COMPASS_SAYS = f"{' '.join(_COMPASS)} with :x:y"


def _gravity_reader(anchors: Mapping[str, Anchor]) -> Callable[[Sequence[str]], Gravity]:
    read_anchor = one_of(anchors)

    def read(texts: Sequence[str]) -> Gravity:
        anchor = read_anchor(texts[0]) if texts[0] else Anchor.CENTRE
        if anchor is Anchor.FOCAL_POINT:
            return _focal_point(texts[1:])
        if anchor is Anchor.SMART:
            if any(texts[1:]):
                raise ValueError("sm takes no offsets")
            return Gravity(anchor)
        x, y = (decimal()(text) if text else 0.0 for text in [*texts[1:], "", ""][:2])
        return Gravity(anchor, x, y)

    return read


def _focal_point(texts: Sequence[str]) -> Gravity:
    if len(texts) != 2 or not all(texts):
        raise ValueError("fp takes two shares, fp:x:y")
    x, y = (decimal()(text) for text in texts)
    if not (0 <= x <= 1 and 0 <= y <= 1):
        raise ValueError(f"fp:{plain(x)}:{plain(y)} lies outside the picture; both are shares from 0 to 1")
    return Gravity(Anchor.FOCAL_POINT, x, y)


def _write_gravity(gravity: Gravity) -> Sequence[str]:
    if gravity.anchor is Anchor.SMART:
        return [gravity.anchor.value]
    return [gravity.anchor.value, plain(gravity.x), plain(gravity.y)]


GRAVITY = Kind(_gravity_reader(_ANY), _write_gravity, f"{_COMPASS_SAYS}; sm; fp:x:y", takes=3)
STEADY_GRAVITY = Kind(_gravity_reader(_STEADY), _write_gravity, f"{_COMPASS_SAYS}; fp:x:y", takes=3)


def _read_mark_place(texts: Sequence[str]) -> tuple[Gravity, bool]:
    tiled = texts[0] == "re"
    return _gravity_reader(_COMPASS)(["ce" if tiled else texts[0], *texts[1:]]), tiled


def _write_mark_place(place: tuple[Gravity, bool]) -> Sequence[str]:
    gravity, tiled = place
    _, *offsets = _write_gravity(gravity)
    return ["re" if tiled else gravity.anchor.value, *offsets]


MARK_PLACE = Kind(_read_mark_place, _write_mark_place, f"{_COMPASS_SAYS}; re:x:y repeats with gaps", takes=3)


def _read_padding(texts: Sequence[str]) -> Padding:
    sides = [whole(0, 10**6)(text) if text else None for text in [*texts, "", "", ""][:4]]
    top = sides[0] or 0
    right = top if sides[1] is None else sides[1]
    bottom = top if sides[2] is None else sides[2]
    return Padding(top, right, bottom, right if sides[3] is None else sides[3])


def _write_padding(padding: Padding) -> Sequence[str]:
    return [str(side) for side in (padding.top_px, padding.right_px, padding.bottom_px, padding.left_px)]


PADDING = Kind(_read_padding, _write_padding, "top:right:bottom:left in px; what is missing as in CSS", takes=4)


def _read_file_name(texts: Sequence[str]) -> str:
    encoded = len(texts) == 2 and texts[1] and boolean(texts[1])
    return decode_base64url(texts[0]) if encoded else texts[0]


FILE_NAME = Kind(
    _read_file_name, lambda name: [encode_base64url(name), "1"], "name, or base64url of it followed by 1", takes=2
)

_MANY = 2 * len(OutputFormat)


def _read_format_quality(texts: Sequence[str]) -> tuple[tuple[OutputFormat, int], ...]:
    if len(texts) % 2:
        raise ValueError("formats and qualities come in pairs")
    pairs = {_read_format(name): whole(1, 100)(text) for name, text in zip(texts[::2], texts[1::2], strict=True)}
    return tuple(sorted(pairs.items()))


FORMAT_QUALITY = Kind(
    _read_format_quality,
    lambda pairs: [text for name, quality in pairs for text in (name.value, str(quality))],
    "format:quality:format:quality...",
    takes=_MANY,
)
FORMATS = Kind(
    lambda texts: tuple(sorted({_read_format(text) for text in texts if text})),
    lambda names: [name.value for name in names],
    "format:format...",
    takes=_MANY,
)
