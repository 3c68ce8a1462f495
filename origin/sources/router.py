"""The door to all sources: is it allowed, and who fetches it."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from cachetiers.coalesce import Flights, FollowerTimeout
from origin.errors import SourceForbidden, SourceTimeout
from origin.recipe import Scheme, SourceRef
from origin.sources.allowlist import SourcePattern


class Source(Protocol):
    """Somewhere source images come from."""

    def fetch(self, source: SourceRef) -> bytes:
        """The bytes of *source*; raises the source errors of `origin.errors`."""
        ...


class Sources:
    """Fetches by scheme, from allowed places only.

    Args:
        by_scheme: The schemes that are switched on.
        allowed: Prefixes a source must match; none: any.
        wait_s: How long somebody waits for a source that another is fetching.
    """

    def __init__(
        self, by_scheme: Mapping[Scheme, Source], allowed: Sequence[SourcePattern], wait_s: float = 60.0
    ) -> None:
        self._fetches: Flights[bytes] = Flights(wait_s)
        self._by_scheme = dict(by_scheme)
        self._allowed = tuple(allowed)

    def check(self, source: SourceRef) -> Source:
        """The one that fetches *source*.

        Raises:
            SourceForbidden: Its scheme is off, or it matches none of the allowed prefixes.
        """
        fetcher = self._by_scheme.get(source.scheme)
        if fetcher is None:
            raise SourceForbidden(f"{source.scheme}:// sources are not switched on")
        if self._allowed and not any(pattern.allows(source) for pattern in self._allowed):
            raise SourceForbidden(f"{source.url!r} is not among the allowed sources")
        return fetcher

    def fetch(self, source: SourceRef) -> bytes:
        """The bytes of *source*, if it is allowed. Those who ask at the same time share one fetch.

        Raises:
            SourceTimeout: Whoever is fetching it already takes too long.
            OriginError: As `check` and the fetcher.
        """
        fetcher = self.check(source)
        try:
            return self._fetches.run(source.url, lambda: fetcher.fetch(source))[0]
        except FollowerTimeout as error:
            raise SourceTimeout(f"{source.host} is being fetched already; {error}") from None
