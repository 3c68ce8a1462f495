"""The facts of one request, from which everything that is told about it is derived."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RequestTold:
    """One answered request.

    Args:
        request_id: Also in ``X-Request-Id`` of the answer.
        method: As received.
        target: The request target without its signature.
        status: Of the answer.
        outcome: Hit, miss, coalesced, validator; the slug of the problem; or the name of the resource.
        bytes_out: Length of the body that was sent.
        total_ms: From the first line of our code to the last.
        details: What else is known: key, source host, recipe, milliseconds per stage, what went wrong.
    """

    request_id: str
    method: str
    target: str
    status: int
    outcome: str
    bytes_out: int
    total_ms: float
    details: Mapping[str, str] = field(default_factory=dict)
