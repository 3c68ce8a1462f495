"""Answers as plain values, before any web framework sees them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from origin import httpcache
from origin.errors import BadRecipe, OriginError

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, and what is to be told about it.

    Args:
        status: The status code.
        headers: All that decide what the answer means; the length is added where it is sent.
        body: The whole body.
        outcome: A word for the log.
        details: Facts for the log.
    """

    status: int
    headers: Headers
    body: bytes = b""
    outcome: str = ""
    details: Mapping[str, str] = field(default_factory=dict)


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
    content: dict[str, object] = {
        "type": f"urn:blendbeat:problem:{error.slug}",
        "title": error.title,
        "status": error.status,
        "request_id": request_id,
    }
    if not error.confidential:
        content["detail"] = error.detail
    if isinstance(error, BadRecipe):
        content["segment"] = error.segment
    extra: list[tuple[str, str]] = [
        ("Content-Type", "application/problem+json"),
        ("Cache-Control", httpcache.error_cache_control(error.cache_s if cache_s is None else cache_s)),
    ]
    if error.retry_after_s is not None:
        extra.append(("Retry-After", str(error.retry_after_s)))
    if error.status == 401:
        extra.append(("WWW-Authenticate", "Bearer"))
    body = json.dumps(content).encode() + b"\n"
    return Answer(error.status, (*extra, *headers), body, error.slug, {"problem": error.detail})
