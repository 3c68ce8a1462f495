"""The resources about the service itself."""

import time
from collections.abc import Callable, Sized
from datetime import UTC, datetime

from origin.answers import Answer, json_answer
from origin.exchange import Exchange
from origin.options import OPTIONS
from origin.version import VERSION


class Pages:
    """The resources about the service itself.

    Args:
        cache: What ``cache_size`` counts.
        reads: Names of the formats it reads.
        writes: Names of the formats it writes.
        clock: Unix time in seconds.
    """

    def __init__(
        self, cache: Sized, reads: tuple[str, ...], writes: tuple[str, ...], clock: Callable[[], float] = time.time
    ) -> None:
        self._cache = cache
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
            },
            "options": {
                option.name: {"aliases": list(option.aliases), "meaning": option.meaning} for option in OPTIONS
            },
        }
        return json_answer(200, content, cache_s=60, outcome="describe")
