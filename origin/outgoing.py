"""What goes out with every answer, and what is told about it, whichever way the answer came about."""

import time
from collections.abc import Callable

from origin.answers import Answer, Headers
from origin.quotas import Quotas
from origin.telemetry.events import RequestTold

Tell = Callable[[RequestTold], None]

_BY_NOBODY = ("Cache-Control", "no-store")


class Outgoing:
    """Adds the fields that every answer has, and tells of it.

    Args:
        quotas: What each client may still ask for.
        allow_origin: ``Access-Control-Allow-Origin``, empty for none.
        tell: Hears of every request.
    """

    def __init__(self, quotas: Quotas, allow_origin: str, tell: Tell) -> None:
        self._quotas = quotas
        self._tell = tell
        self._everywhere: Headers = ()
        if allow_origin:
            exposed = "Cache-Status, ETag, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id"
            self._everywhere = (
                ("Access-Control-Allow-Origin", allow_origin),
                ("Access-Control-Expose-Headers", exposed),
            )

    def fields(self, answer: Answer) -> Headers:
        """The fields of *answer* that are the same whoever gets it."""
        length: Headers = () if answer.status in (204, 304) else (("Content-Length", str(len(answer.body))),)
        return (*answer.headers, *answer.guard, *self._everywhere, *length)

    def personal(self, request_id: str, client: str, answer: Answer) -> Headers:
        """The fields of *answer* that are for one request of *client*."""
        # What a cache keeps it tells to others, and theirs is another quota.
        quota = self._quotas.fields(client) if _BY_NOBODY in answer.headers else ()
        return (("X-Request-Id", request_id), *quota)

    def tell(
        self, request_id: str, method: str, target: str, answer: Answer, sent_bytes: int, started_s: float
    ) -> None:
        """Tell that *answer* is on its way.

        Args:
            request_id: Also in the answer.
            method: As received.
            target: As it may be told.
            answer: With or without its body.
            sent_bytes: How much of a body is sent.
            started_s: When the request came to us, by `time.perf_counter`.
        """
        if not answer.told:
            return
        event = RequestTold(
            request_id=request_id,
            method=method,
            target=target,
            status=answer.status,
            outcome=answer.outcome,
            bytes_out=sent_bytes,
            total_ms=(time.perf_counter() - started_s) * 1000,
            details=answer.details,
        )
        self._tell(event)
