"""Texts of settings into values. What is wrong is a ValueError, whose message says what would be right."""

import re
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import TypeVar

from origin.arguments import one_of
from origin.negotiation import NEGOTIABLE
from origin.options import BY_NAME
from origin.recipe import OutputFormat

T = TypeVar("T")

Network = IPv4Network | IPv6Network


def seconds(text: str) -> float:
    """A number of seconds above 0."""
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", text) or float(text) == 0:
        raise ValueError(f"{text!r} is not a number of seconds above 0")
    return float(text)


def many(read: Callable[[str], T]) -> Callable[[str], tuple[T, ...]]:
    """Items between commas, each by *read*; every bad one is named."""

    def read_all(text: str) -> tuple[T, ...]:
        values, problems = [], []
        for item in text.split(","):
            try:
                values += [read(item.strip())] if item.strip() else []
            except ValueError as error:
                problems.append(str(error))
        if problems:
            raise ValueError("; ".join(problems))
        return tuple(values)

    return read_all


def network(text: str) -> Network:
    """A network in CIDR notation."""
    try:
        return ip_network(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not a network in CIDR notation: {error}") from None


def bucket(text: str) -> str:
    """The name of a bucket of S3."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", text):
        raise ValueError(f"{text!r} is not the name of a bucket")
    return text


def endpoint(text: str) -> str:
    """Where a store is; empty for AWS. It is not quoted when it is wrong."""
    if text and not re.fullmatch(r"https?://[A-Za-z0-9.\[\]:-]+/?", text):
        # Without the value: somebody may have put credentials into it.
        raise ValueError("it is no endpoint such as https://minio.internal:9000")
    return text


def region(text: str) -> str:
    """The name of a region; empty for none."""
    if text and not re.fullmatch(r"[a-z0-9-]+", text):
        raise ValueError(f"{text!r} is not the name of a region")
    return text


def folder(text: str) -> Path | None:
    """An absolute directory that is there, links followed; None for none."""
    if not text:
        return None
    path = Path(text)
    if not path.is_absolute() or not path.is_dir():
        raise ValueError(f"{text!r} is not an absolute path of a directory")
    return path.resolve()


def negotiable(text: str) -> frozenset[OutputFormat]:
    """Formats that may be negotiated; ``none`` is none."""
    read = one_of({name.value: name for name in NEGOTIABLE})
    return frozenset() if text == "none" else frozenset(read(item.strip()) for item in text.split(","))


def preset(text: str) -> tuple[str, tuple[str, ...]]:
    """``name=option:argument/option:argument``, as a name and its options."""
    name, equals, options = text.partition("=")
    if not equals or not re.fullmatch(r"[A-Za-z0-9_-]+", name) or not options:
        raise ValueError(f"{text!r} is not name=option:argument/option:argument")
    return name, tuple(options.split("/"))


def option_name(text: str) -> str:
    """The long name of an option."""
    if text not in BY_NAME:
        raise ValueError(f"{text!r} is no option")
    return BY_NAME[text].name


def picture(text: str) -> bytes | None:
    """The bytes of a file; None for none."""
    if not text:
        return None
    try:
        return Path(text).read_bytes()
    except OSError as error:
        raise ValueError(f"{text!r} cannot be read: {error.strerror}") from None


def token(text: str) -> str:
    """A bearer token that cannot be guessed by trying."""
    if len(text) < 16 or not re.fullmatch(r"[A-Za-z0-9._~+/=-]+", text):
        raise ValueError("a token needs at least 16 letters, digits or . _ ~ + / = -")
    return text


def signature(text: str) -> str:
    """A signature to be trusted literally."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{16,}", text):
        raise ValueError("a trusted signature needs at least 16 letters, digits, - or _")
    return text


def origin(text: str) -> str:
    """An origin for CORS; empty for ``none``."""
    if text not in ("*", "none") and not re.fullmatch(r"https?://[A-Za-z0-9.\[\]:-]+", text):
        raise ValueError(f"{text!r} is neither * nor none nor an origin such as https://www.example.com")
    return "" if text == "none" else text


_SERVER = re.compile(r"(?:discover://)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})")


def server(text: str) -> str:
    """The address of a memcached server, or of a cluster that is asked for them."""
    found = _SERVER.fullmatch(text)
    if found is None or not 0 < int(found[2]) < 65536:
        raise ValueError(f"{text!r} is not host:port, [IPv6 address]:port or discover://host:port")
    if found[1].startswith("["):
        ip_address(found[1][1:-1])
    return text
