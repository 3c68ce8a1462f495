"""Answers as plain values, before any web framework sees them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from origin import httpcache
from origin.errors import BadRecipe, OriginError

Headers = tuple[tuple[str, str], ...]

SERVER: Final = "blendBeat"
"""Goes into the ``Server`` field: nobody needs to know who reads our HTTP."""

_NOSNIFF = ("X-Content-Type-Options", "nosniff")

CLOSED: Final[Headers] = (
    _NOSNIFF,
    ("Content-Security-Policy", "default-src 'none'; sandbox"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
"""Of whatever is no picture: a browser that opens it runs nothing in it, and no other site can embed it."""

EMBEDDED: Final[Headers] = (_NOSNIFF, ("Cross-Origin-Resource-Policy", "cross-origin"))
"""Of pictures: other sites embed them, which is what they are for, even those that isolate themselves."""

DRAWN: Final[Headers] = (
    *EMBEDDED,
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox"),
)
"""Of pictures that are documents, too: they may have a style and nothing else."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, and what is to be told about it.

    Args:
        status: The status code.
        headers: All that decide what the answer means; the length is added where it is sent.
        body: The whole body.
        outcome: A word for the log.
        details: Facts for the log.
        guard: What a browser must not do with it.
        told: Whether it is an event worth telling.
    """

    status: int
    headers: Headers
    body: bytes = b""
    outcome: str = ""
    details: Mapping[str, str] = field(default_factory=dict)
    guard: Headers = CLOSED
    told: bool = True


def json_answer(status: int, content: Mapping[str, object], *, cache_s: int = 0, outcome: str = "") -> Answer:
    """An answer of *content* as JSON."""
    headers = (("Content-Type", "application/json"), ("Cache-Control", httpcache.error_cache_control(cache_s)))
    return Answer(status, headers, json.dumps(content).encode() + b"\n", outcome)


def problem(error: OriginError, request_id: str, headers: Headers = (), *, cache_s: int | None = None) -> Answer:
    """The answer to a failure, as problem details (RFC 9457).

    Args:
        error: What happened.
        request_id: To find it in the log.
        headers: More of them.
        cache_s: How long caches may keep it, 0 for what belongs to one caller alone; None: as long as the error allows.
    """
    more: dict[str, str] = {} if error.confidential else {"detail": error.detail}
    if isinstance(error, BadRecipe):
        more["segment"] = error.segment
    extra: list[tuple[str, str]] = [
        ("Content-Type", "application/problem+json"),
        ("Cache-Control", httpcache.error_cache_control(error.cache_s if cache_s is None else cache_s)),
    ]
    if error.retry_after_s is not None:
        extra.append(("Retry-After", str(error.retry_after_s)))
    if error.status == 401:
        extra.append(("WWW-Authenticate", "Bearer"))
    body = problem_body(error.slug, error.title, error.status, request_id, more)
    return Answer(error.status, (*extra, *headers), body, error.slug, {"problem": error.told})


def problem_body(slug: str, title: str, status: int, request_id: str, more: Mapping[str, str] | None = None) -> bytes:
    """The body of problem details, with the members of *more* at its end."""
    content = {"type": f"urn:blendbeat:problem:{slug}", "title": title, "status": status, "request_id": request_id}
    return json.dumps({**content, **(more or {})}).encode() + b"\n"
