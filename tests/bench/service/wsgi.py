"""Two WSGI functions for gunicorn: where sources come from, and the least that an answer can cost.

`FOLDER` holds the files; whatever stands before the last slash of a path is only
there to make it another one.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = "BENCH_FOLDER"
"""The environment variable with the folder of the files."""

ETAG = '"bare"'

_seen: Counter[str] = Counter()

Start = Callable[[str, list[tuple[str, str]]], object]


def source(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    """A source server: ``/NAME/FILE``, and ``/seen/NAME``: how many asked for anything of that name."""
    _, name, file = environ["PATH_INFO"].split("/", 2)
    if name == "seen":
        parts = [str(_seen.pop(file, 0)).encode()]
    else:
        _seen[name] += 1
        # In two parts: to copy megabytes for every request would take from the cores that everybody shares.
        parts = [_file(file)[0], _mark(name)]
    length = sum(len(part) for part in parts)
    start_response("200 OK", [("Content-Length", str(length)), ("Cache-Control", "max-age=3600")])
    return parts


def bare(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    """The same bytes as a hit, or 304 to whoever has a tag."""
    body, headers = _file(environ["PATH_INFO"].rpartition("/")[2])
    if "HTTP_IF_NONE_MATCH" in environ:
        start_response("304 Not Modified", [("ETag", ETAG)])
        return []
    start_response("200 OK", headers)
    return [body]


def _mark(name: str) -> bytes:
    """What makes bytes those of *name* alone, or whoever remembers bytes or pixels would look fast; same picture.

    A box that says that it is empty (ISO 14496-12 8.1.2) in AVIF; behind the end of the other formats nobody looks.
    """
    text = name.encode()
    return (8 + len(text)).to_bytes(4, "big") + b"free" + text


@cache
def _file(name: str) -> tuple[bytes, list[tuple[str, str]]]:
    body = Path(os.environ[FOLDER], name).read_bytes()
    return body, [("Content-Type", "image/jpeg"), ("Content-Length", str(len(body))), ("ETag", ETAG)]
