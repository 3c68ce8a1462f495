"""Heads of requests with nothing out of the ordinary in them, read without a parser.

To read a head costs a server more than to answer it from memory, and nearly all who
ask for pictures say the same few things: GET, a path, fields of plain text, no body.
Only heads like that are read here, and only whole. Whatever is doubtful in any way is
left to the server's own parser, which reads every head that is read here the same way.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_MOST_FIELDS: Final = 64
"""As `limit_request_fields` of the server."""

_HEAD = re.compile(rb"(GET|HEAD) (/[!-~]{0,8000}) HTTP/1\.1\r\n((?:[A-Za-z0-9-]{1,64}:[\t -~]*\r\n)+)\r\n")
# Values are taken whole: an expression that leaves out the spaces at their end takes the square of their number.
_DECIDING = re.compile(
    rb"^(accept|authorization|connection|content-length|content-type|expect|host|if-none-match|te|trailer|"
    rb"transfer-encoding|upgrade|http2-settings|x-forwarded-for|x-request-id):([^\r]*)",
    re.IGNORECASE | re.MULTILINE,
)
_KNOWN: Final = frozenset({b"accept", b"connection", b"host", b"if-none-match", b"x-forwarded-for", b"x-request-id"})
_HOST = re.compile(rb"[A-Za-z0-9.-]{1,255}(?::[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of a request that an answer may depend on, as received; empty when absent."""

    accept: str = ""
    if_none_match: str = ""
    request_id: str = ""
    forwarded_for: str = ""


@dataclass(frozen=True, slots=True)
class PlainHead:
    """A request without a body, on a connection that is to be kept.

    Args:
        method: GET or HEAD.
        target: The request target, in origin form, as received.
        fields: What else matters.
    """

    method: str
    target: str
    fields: Fields


def read(data: bytes) -> PlainHead | None:
    """The request that *data* is, all of it and nothing else; None when it takes a parser to tell.

    >>> read(b"GET /sig/plain/a HTTP/1.1\\r\\nHost: cdn.example\\r\\nAccept: image/avif\\r\\n\\r\\n").fields.accept
    'image/avif'
    >>> read(b"GET / HTTP/1.1\\r\\nHost: cdn.example\\r\\nContent-Length: 1\\r\\n\\r\\n")
    """
    head = _HEAD.fullmatch(data)
    if head is None:
        return None
    method, target, block = head.groups()
    fields = _fields(block)
    return None if fields is None else PlainHead(method.decode(), target.decode(), fields)


# Without identifiers of requests among them, the fields of one client are the same for as long as it is connected.
@lru_cache(maxsize=1024)
def _fields(block: bytes) -> Fields | None:
    if block.count(b"\n") > _MOST_FIELDS:
        return None
    named = [(name.lower(), value.strip(b" \t")) for name, value in _DECIDING.findall(block)]
    found = dict(named)
    # Repeated fields are a list, and what else is not known here means a body, another protocol, or a client to refuse.
    if len(found) != len(named) or not found.keys() <= _KNOWN or not _HOST.fullmatch(found.get(b"host", b"")):
        return None
    if found.get(b"connection", b"keep-alive").lower() != b"keep-alive":
        return None
    names = (b"accept", b"if-none-match", b"x-request-id", b"x-forwarded-for")
    return Fields(*(found.get(name, b"").decode() for name in names))
