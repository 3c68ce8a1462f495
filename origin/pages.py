"""The resources about the service itself."""

import time
from collections.abc import Callable, Sized
from dataclasses import replace
from datetime import UTC, datetime

from origin.answers import Answer, json_answer
from origin.exchange import Exchange
from origin.options import OPTIONS
from origin.telemetry.logs import LOGGER
from origin.version import VERSION


class Pages:
    """The resources about the service itself.

    Args:
        cache: What ``cache_size`` counts.
        reads: Names of the formats it reads.
        writes: Names of the formats it writes.
        trouble: Why no picture can be made now; empty if one can.
        clock: Unix time in seconds.
    """

    def __init__(
        self,
        cache: Sized,
        reads: tuple[str, ...],
        writes: tuple[str, ...],
        trouble: Callable[[], str] = lambda: "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._cache = cache
        self._trouble = trouble
        self._told = ""
        self._formats = {"reads": list(reads), "writes": list(writes)}
        self._clock = clock

    def health(self, exchange: Exchange) -> Answer:  # noqa: ARG002  every handler takes the exchange
        """``GET /health``: this process answers. Touches no pixels, no pool, no network."""
        content = {
            "status": "healthy",
            "timestamp": datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="milliseconds"),
            "cache_size": len(self._cache),
            "version": VERSION,
            "formats": self._formats,
        }
        return json_answer(200, content, outcome="health")

    def ready(self, exchange: Exchange) -> Answer:
        """``GET /ready``: whether requests should be sent here. What others do, memcached and sources, changes nothing.

        Asked every few seconds, it has no line in the log but when its answer changes.
        """
        reason = "stopping" if exchange.stopping else self._trouble()
        if bool(reason) != bool(self._told):
            LOGGER.warning("not ready: %s", reason) if reason else LOGGER.info("ready again")
        self._told = reason
        content: dict[str, object] = {"ready": not reason, **({"reason": reason} if reason else {})}
        return replace(json_answer(503 if reason else 200, content, outcome="ready"), told=False)

    def describe(self, exchange: Exchange) -> Answer:  # noqa: ARG002  every handler takes the exchange
        """``GET /``: what this is and how to ask it."""
        content = {
            "service": "blendBeat",
            "version": VERSION,
            "description": "A signed-URL image CDN origin.",
            "formats": self._formats,
            "resources": {
                "GET /{signature}/{option}/.../{source}": "a variant of a source image; "
                "the source is plain/{percent-encoded URL}[@format] or {base64url}[.format]",
                "GET /info/{signature}/{option}/.../{source}": "what is known about a source image, as JSON",
                "GET /resize?url=&width=&height=&quality=80&format=jpeg&fit=contain&sig=": "the same as a query",
                "POST /resize": "a variant of an uploaded image, with Authorization: Bearer",
                "POST /purge": "has a URL, a source or a tag made anew, with Authorization: Bearer",
                "GET /counters": "how often what happened in this process, with Authorization: Bearer",
                "GET /health": "whether this process answers",
                "GET /ready": "whether to send requests to it: 503 once it was told to stop, or has too much to do",
            },
            "options": {
                option.name: {"aliases": list(option.aliases), "meaning": option.meaning} for option in OPTIONS
            },
        }
        return json_answer(200, content, cache_s=60, outcome="describe")
