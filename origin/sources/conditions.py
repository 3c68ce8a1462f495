"""Asking a web server only for what has changed: headers into validators, and back (RFC 9110, sections 8.8 and 13)."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from origin.sources.held import NONE, Validators

_LONGEST: Final = 1000
"""Characters of a tag. It is stored beside every variant and sent back each time."""

_ENTITY_TAG: Final = re.compile(r'(W/)?"[ !#-~]*"')
"""Exactly one. ``*`` and a list of several, sent back, would ask another question."""

_DATE: Final = "%a, %d %b %Y %H:%M:%S GMT"


def validators_in(headers: Mapping[str, str], target: str) -> Validators:
    """The validators among the *headers* of an answer, as far as they can be trusted and sent back.

    Args:
        headers: By name in any case; those of a stranger.
        target: As in `Validators`.

    >>> validators_in({"ETag": "*"}, "")
    Validators(etag='', last_modified='', target='')
    """
    etag, modified = headers.get("ETag", ""), headers.get("Last-Modified", "")
    found = Validators(
        etag if len(etag) <= _LONGEST and _ENTITY_TAG.fullmatch(etag) else "",
        modified if _is_settled(modified, headers.get("Date", "")) else "",
        target,
    )
    return found or NONE


def conditions(asked: Validators) -> dict[str, str]:
    """The headers that ask for a body only if *asked* does not name it any more; none if it names nothing."""
    headers = {"If-None-Match": asked.etag, "If-Modified-Since": asked.last_modified}
    return {name: value for name, value in headers.items() if value}


def _is_settled(modified: str, date: str) -> bool:
    """Whether nothing can have been written after the answer that would bear the same date.

    Dates have whole seconds: of two pictures written within one, the second would
    never be seen (RFC 9110 8.8.2.2).
    """
    written, answered = _date(modified), _date(date)
    return written is not None and answered is not None and written < answered


def _date(text: str) -> datetime | None:
    if not text.isascii() or not text.isprintable():
        return None
    try:
        return datetime.strptime(text, _DATE)  # noqa: DTZ007  all of them are GMT
    except ValueError:
        return None
