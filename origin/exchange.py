"""What the handlers may know of one request: plain values, whatever server and framework they came through."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from origin.rawpath import Target

IS_WANTED: Final = "blendbeat.is-wanted"
"""In the environ of a request (PEP 3333): a call that says whether the client still waits for the answer."""

NO_PLACE: Final = "blendbeat.no-place"
"""In the environ of a request (PEP 3333): true if all places for connections are taken, and this is one too many."""

_DECENT_ID = re.compile(r"[A-Za-z0-9._:=@/+-]{1,128}")


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the handlers may know of one request.

    Args:
        request_id: Ours, or the caller's if it sent a decent one.
        method: As received.
        target: The raw request target.
        accept: ``Accept``; like all fields below empty when absent.
        if_none_match: ``If-None-Match``.
        authorization: ``Authorization``.
        content_type: ``Content-Type``.
        content_length: ``Content-Length``, None when the body is chunked or absent.
        body: The body, not yet read.
        client: Whom it counts for; empty when it counts for nobody.
        stopping: Whether this process was told to stop.
        is_wanted: Whether the client still waits for the answer.
    """

    request_id: str
    method: str
    target: Target
    accept: str
    if_none_match: str
    authorization: str = field(repr=False)
    content_type: str
    content_length: int | None
    body: BinaryIO
    client: str = ""
    stopping: bool = False
    is_wanted: Callable[[], bool] = lambda: True


def request_id_of(given: str) -> str:
    """The id of a request: the one that was *given* with it if it is a decent one, or a new one."""
    # Nobody need be unable to guess it, and what nobody can guess takes a system call.
    return given if _DECENT_ID.fullmatch(given) else f"{random.getrandbits(128):032x}"
