"""What of a request target may be told: no signature, and nothing of a source's URL that may be a secret.

A signature is as good as a password for its URL. A source's query often is a
signature of its own, and what stands before an ``@`` is a name and a password.
"""

import re
from itertools import takewhile

from origin.query import FIELDS
from origin.rawpath import Target, split_signed

_TOLD_FIELDS = frozenset({"url", *FIELDS})
_URL_OPTIONS = re.compile(r"(wmu|watermark_url|fiu|fallback_image_url):.*", re.DOTALL)
"""What is in them is a URL in base64, with whatever is secret in that."""
_SOURCE_QUERY = re.compile(r"(?:%3[Ff]|\?)[^&@]*")
_CREDENTIALS = re.compile(r"(//|%2[Ff]%2[Ff])[^/&]{0,256}%40")
"""Bounded, or a path of nothing but slashes would take the square of its length."""
_BARE_SIGNATURE = re.compile(r"(/info)?/[A-Za-z0-9_-]{16,}")
"""A signature that lost the rest of its URL. It opens nothing, unless it is one that is trusted."""
_CREDENTIALS_IN_QUERY = re.compile(r"(//)[^/&]{0,256}@")
"""In a path a bare ``@`` sets off the format."""


def loggable(target: Target) -> str:
    """*target* for the log. A source in base64 cannot be read anyway and is left out.

    >>> loggable(Target("/oKfUtW34/w:300/plain/https://me:pw%40x.example/a.jpg%3Ftoken=1@png", "sig=s&utm=1"))
    '/-/w:300/plain/https://-@x.example/a.jpg%3F-@png?-'
    """
    # /info has its signature one segment later.
    prefix = "/info" if target.path.startswith("/info/") else ""
    signed = split_signed(target.path.removeprefix(prefix))
    path = f"{prefix}/-/{_rest(signed.rest[1:])}" if signed else _BARE_SIGNATURE.sub(r"\1/-", target.path)
    query = _query(target.query) if path == "/resize" else "-"
    return f"{path}?{query}" if target.query else path


def _rest(rest: str) -> str:
    segments = rest.split("/")
    options = list(takewhile(lambda segment: ":" in segment, segments))
    source = segments[len(options) :]
    told = [_URL_OPTIONS.sub(r"\1:-", option) for option in options]
    return "/".join([*told, _source("/".join(source)) if source[:1] == ["plain"] else "-"])


def _query(query: str) -> str:
    fields = (field.partition("=") for field in query.split("&"))
    told = "&".join(f"{name}={value}" if name in _TOLD_FIELDS else "-" for name, _, value in fields)
    return _CREDENTIALS_IN_QUERY.sub(r"\1-@", _source(told))


def _source(text: str) -> str:
    return _SOURCE_QUERY.sub("%3F-", _CREDENTIALS.sub(r"\1-@", text))
