"""Readers for the arguments of options: text into plain values.

Each raises ValueError with a reason that says what would have been right. They
refuse rather than repair: a boolean that is none of six words is an error, and so
is a number that is not finite or not in plain notation.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TypeVar

T = TypeVar("T")

_WHOLE = re.compile(r"[+-]?[0-9]{1,15}")
_DECIMAL = re.compile(r"[+-]?([0-9]{1,15}(\.[0-9]{0,15})?|\.[0-9]{1,15})")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+=*")
_BOOLEANS = {"1": True, "t": True, "true": True, "0": False, "f": False, "false": False}


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
        return _within(int(text), least, most)

    return read


def decimal(least: float | None = None, most: float | None = None) -> Callable[[str], float]:
    """A reader of finite numbers in plain notation, no exponent, within limits, both included."""

    def read(text: str) -> float:
        if not _DECIMAL.fullmatch(text):
            raise ValueError(f"{text!r} is not a number in plain notation")
        # + 0.0, so that -0 is 0: two URLs that mean the same give one key.
        return _within(float(text) + 0.0, least, most)

    return read


def positive(text: str) -> float:
    """A finite number above zero."""
    number = decimal()(text)
    if number <= 0:
        raise ValueError(f"{text} is not above 0")
    return number


Number = TypeVar("Number", int, float)


def _within(number: Number, least: Number | None, most: Number | None) -> Number:
    if (least is not None and number < least) or (most is not None and number > most):
        bounds = f"at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"{number} is not {bounds}")
    return number


def one_of(values: Mapping[str, T]) -> Callable[[str], T]:
    """A reader of one word out of a fixed list."""

    def read(text: str) -> T:
        try:
            return values[text]
        except KeyError:
            raise ValueError(f"{text!r} is not one of {' '.join(values)}") from None

    return read


def plain(number: float) -> str:
    """*number* in plain notation, as short as it can be read back.

    >>> plain(1e-05), plain(2.0)
    ('0.00001', '2')
    """
    text = format(Decimal(repr(number)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def decode_base64url(text: str) -> str:
    """UTF-8 text from URL-safe base64, with or without padding (RFC 4648 section 5)."""
    if not _BASE64URL.fullmatch(text):
        raise ValueError(f"{text!r} is not URL-safe base64")
    bare = text.rstrip("=")
    try:
        return base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4)).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        raise ValueError(f"{text!r} is not URL-safe base64 of UTF-8 text") from None


def encode_base64url(text: str) -> str:
    """*text* as URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode("ascii")
