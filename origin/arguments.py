"""Readers for the arguments of options: text into plain values.

Each raises ValueError with a reason that says what would have been right. They
refuse rather than repair: a boolean that is none of six words is an error, and so
is a number that is not finite or not in plain notation.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from origin.recipe import Anchor, Colour, Gravity

T = TypeVar("T")

_WHOLE = re.compile(r"[+-]?[0-9]{1,15}")
_DECIMAL = re.compile(r"[+-]?([0-9]{1,15}(\.[0-9]{0,15})?|\.[0-9]{1,15})")
_HEX_COLOUR = re.compile(r"[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6}")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+=*")
_BOOLEANS = {"1": True, "t": True, "true": True, "0": False, "f": False, "false": False}


def one(read: Callable[[str], T]) -> Callable[[Sequence[str]], T]:
    """A reader for a field that takes a single argument."""
    return lambda arguments: read(arguments[0])


def anything(text: str) -> str:
    """Any text, as it stands."""
    return text


def boolean(text: str) -> bool:
    """``1 t true`` or ``0 f false``, in any case."""
    try:
        return _BOOLEANS[text.lower()]
    except KeyError:
        raise ValueError(f"{text!r} is not one of 1 t true 0 f false") from None


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """A reader of whole numbers within limits, both included."""

    def read(text: str) -> int:
        if not _WHOLE.fullmatch(text):
            raise ValueError(f"{text!r} is not a whole number")
        number = int(text)
        if number < least or (most is not None and number > most):
            raise ValueError(f"{number} is not {f'at least {least}' if most is None else f'from {least} to {most}'}")
        return number

    return read


def decimal(text: str) -> float:
    """A finite number in plain notation, no exponent."""
    if not _DECIMAL.fullmatch(text):
        raise ValueError(f"{text!r} is not a number in plain notation")
    return float(text) + 0.0  # so that -0 is 0: two URLs that mean the same give one key


def positive(text: str) -> float:
    """A finite number above zero."""
    number = decimal(text)
    if number <= 0:
        raise ValueError(f"{text} is not above 0")
    return number


def one_of(values: Mapping[str, T]) -> Callable[[str], T]:
    """A reader of one word out of a fixed list."""

    def read(text: str) -> T:
        try:
            return values[text]
        except KeyError:
            raise ValueError(f"{text!r} is not one of {' '.join(values)}") from None

    return read


_ANCHORS = one_of({anchor.value: anchor for anchor in Anchor})


def gravity(arguments: Sequence[str]) -> Gravity:
    """``anchor:x:y``; an empty anchor is the centre, an empty offset 0.

    >>> gravity(["no", "", "5"])
    Gravity(anchor=<Anchor.NORTH: 'no'>, x=0.0, y=5.0)
    """
    anchor = _ANCHORS(arguments[0]) if arguments[0] else Anchor.CENTRE
    if anchor is Anchor.SMART:
        if any(arguments[1:]):
            raise ValueError("sm takes no offsets")
        return Gravity(anchor)
    if anchor is Anchor.FOCAL_POINT:
        return _focal_point(arguments[1:])
    x, y = (decimal(text) if text else 0.0 for text in [*arguments[1:], "", ""][:2])
    return Gravity(anchor, x, y)


def _focal_point(arguments: Sequence[str]) -> Gravity:
    if len(arguments) != 2 or not all(arguments):
        raise ValueError("fp takes two shares, fp:x:y")
    x, y = (decimal(text) for text in arguments)
    if not (0 <= x <= 1 and 0 <= y <= 1):
        raise ValueError(f"fp:{x}:{y} lies outside the picture; both are shares from 0 to 1")
    return Gravity(Anchor.FOCAL_POINT, x, y)


def steady_gravity(arguments: Sequence[str]) -> Gravity:
    """A gravity that does not depend on the pixels: any but ``sm``."""
    value = gravity(arguments)
    if value.anchor is Anchor.SMART:
        raise ValueError("sm cannot say where the picture lies in its box")
    return value


def colour(arguments: Sequence[str]) -> Colour:
    """``R:G:B`` with 0 to 255 each, or one hex colour of three or six digits.

    >>> colour(["f80"])
    Colour(red=255, green=136, blue=0)
    """
    if len(arguments) == 3:
        red, green, blue = (whole(0, 255)(text) for text in arguments)
        return Colour(red, green, blue)
    if len(arguments) != 1 or not _HEX_COLOUR.fullmatch(arguments[0]):
        raise ValueError(f"{':'.join(arguments)!r} is neither R:G:B nor a hex colour")
    digits = arguments[0] if len(arguments[0]) == 6 else "".join(digit * 2 for digit in arguments[0])
    return Colour(*bytes.fromhex(digits))


def filename(arguments: Sequence[str]) -> str:
    """``name`` or ``name:is_base64``."""
    if len(arguments) == 2 and arguments[1] and boolean(arguments[1]):
        return decode_base64url(arguments[0])
    return arguments[0]


def decode_base64url(text: str) -> str:
    """UTF-8 text from URL-safe base64, with or without padding (RFC 4648 section 5)."""
    if not _BASE64URL.fullmatch(text):
        raise ValueError(f"{text!r} is not URL-safe base64")
    bare = text.rstrip("=")
    try:
        return base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4)).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        raise ValueError(f"{text!r} is not URL-safe base64 of UTF-8 text") from None
