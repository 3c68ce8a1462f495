"""The door to all sources: is it allowed, and who fetches it."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from origin.errors import SourceForbidden
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
    """

    def __init__(self, by_scheme: Mapping[Scheme, Source], allowed: Sequence[SourcePattern]) -> None:
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
        """The bytes of *source*, if it is allowed."""
        return self.check(source).fetch(source)
