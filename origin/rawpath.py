"""The request target as it was signed.

A decoded path is useless here: a percent-encoded slash is not a slash. So this
works on the raw request target (RFC 9112 section 3.2) and undoes what proxies
are known to do to it, nothing more.
"""

import re
from dataclasses import dataclass

_SCHEME_AND_AUTHORITY = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_COLLAPSED_SCHEME = re.compile(r"^(https?|s3):/(?!/)")
_COLLAPSED_LOCAL = re.compile(r"^local:/(?!//)/?")


@dataclass(frozen=True, slots=True)
class Target:
    """A request target, cut at the first question mark, neither half decoded."""

    path: str
    query: str


@dataclass(frozen=True, slots=True)
class SignedPath:
    """A path split into its signature and what was signed, which keeps its leading slash."""

    signature: str
    rest: str


def target_of(raw_uri: str) -> Target:
    """The path and the query of a raw request target, in origin or absolute form.

    >>> target_of("http://cdn.example.com/sig/rs:fit:300/plain/a%2Fb?utm=1")
    Target(path='/sig/rs:fit:300/plain/a%2Fb', query='utm=1')
    """
    path, _, query = _SCHEME_AND_AUTHORITY.sub("", raw_uri, count=1).partition("?")
    return Target(path if path.startswith("/") else f"/{path}", query)


def split_signed(path: str) -> SignedPath | None:
    """The signature and the rest of *path*, mended; None when there is no second slash.

    >>> split_signed("/sig/rs%3Afit:300/plain/https:/img.example.com/a.jpg")
    SignedPath(signature='sig', rest='/rs:fit:300/plain/https://img.example.com/a.jpg')
    """
    signature, slash, rest = path[1:].partition("/")
    if not slash:
        return None
    return SignedPath(signature, "/" + mended(rest))


def mended(rest: str) -> str:
    """*rest* (no leading slash) with the known damage of proxies undone.

    In the option part ``%3A`` becomes a colon; in a plain source a collapsed
    scheme gets its slashes back. A path nobody mangled comes out as it went in.

    >>> mended("w%3A300/plain/local:/photos/a%3Ab.jpg")
    'w:300/plain/local:///photos/a%3Ab.jpg'
    """
    options: list[str] = []
    while True:
        head, slash, tail = rest.partition("/")
        colons = head.replace("%3A", ":")
        if ":" not in colons or not slash:
            break
        options.append(colons)
        rest = tail
    if head == "plain" and slash:
        rest = f"plain/{_mended_source(tail)}"
    return "/".join([*options, rest])


def _mended_source(source: str) -> str:
    return _COLLAPSED_LOCAL.sub("local:///", _COLLAPSED_SCHEME.sub(r"\1://", source))
