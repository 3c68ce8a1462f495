"""Watermarks that a URL names: fetched once, kept for a while."""

import time
from collections.abc import Callable
from typing import Final

from cachetiers.entry import Entry
from cachetiers.memory import MemoryTier
from origin.grammar import source_ref
from origin.sources.router import Sources

_TIER_BYTES: Final = 32 * 1024 * 1024
_TTL_S: Final = 600.0


class Marks:
    """Pictures for ``watermark_url``, of which a site has few and uses each on thousands of variants.

    Args:
        sources: Who fetches; what holds for source images holds for these.
        clock: Unix time in seconds.
    """

    def __init__(self, sources: Sources, clock: Callable[[], float] = time.time) -> None:
        self._sources = sources
        self._clock = clock
        self._tier = MemoryTier(_TIER_BYTES, clock)

    def get(self, url: str) -> bytes:
        """The bytes behind *url*.

        Raises:
            OriginError: As for a source image.
        """
        kept = self._tier.get(url)
        if kept is not None:
            return kept.value
        body = self._sources.fetch(source_ref(url))
        self._tier.put(url, Entry(body, self._clock(), _TTL_S))
        return body
