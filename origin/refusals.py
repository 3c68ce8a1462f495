"""What a connection is told that went wrong before or beside the application.

gunicorn would answer with a page of its own, and log the request line with the
signature in it.
"""

import traceback

from gunicorn.http.errors import (
    ConfigurationProblem,
    InvalidResponseHeader,
    InvalidResponseHeaderName,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
)

from origin import answers
from origin.clientsocket import HeadTooSlow
from origin.exchange import request_id_of
from origin.telemetry import logs
from origin.telemetry.events import Facts, RequestTold

_REFUSALS = {
    HeadTooSlow: (408, "Request Timeout"),
    LimitRequestLine: (414, "URI Too Long"),
    LimitRequestHeaders: (431, "Request Header Fields Too Large"),
}
"""All else is 400. HTTP would allow 501 for a transfer coding and 417 for an expectation that nobody knows; but what an
edge may have read in another way is to be called what it is, whatever it was about."""
_OURS = (ConfigurationProblem, InvalidResponseHeader, InvalidResponseHeaderName)
"""What gunicorn counts among the faults of a client."""


def refusal(error: BaseException) -> bytes:
    """The last message of a connection on which *error* happened; the log is told, too."""
    request_id = request_id_of("")
    if isinstance(error, ParseException) and not isinstance(error, _OURS):
        slug = "not-http"
        status, title = _REFUSALS.get(type(error), (400, "Bad Request"))
    else:
        # Neither with the request line, as gunicorn would, nor with the error's text: both have the signature.
        where = "".join(traceback.format_tb(error.__traceback__))
        logs.LOGGER.error("request %s failed beside the application:\n%s", request_id, where)
        slug, status, title = "internal", 500, "Internal error"
    body = answers.problem_body(slug, title, status, request_id)
    # The name of the error, not its text, which quotes the request line.
    problem = Facts(problem=type(error).__name__)
    logs.tell(RequestTold(request_id, "-", "-", status, slug, len(body), 0.0, problem))
    return _head(status, title, len(body)) + body


def _head(status: int, title: str, length_bytes: int) -> bytes:
    fields = (
        ("Connection", "close"),
        ("Content-Type", "application/problem+json"),
        ("Cache-Control", "no-store"),
        *answers.CLOSED,
        ("Content-Length", str(length_bytes)),
    )
    lines = [f"HTTP/1.1 {status} {title}", *(f"{name}: {value}" for name, value in fields)]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("ascii")
