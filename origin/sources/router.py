"""The door to all sources: is it allowed, is it held already, and who fetches it."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple
from typing import Final, Protocol, overload

from cachetiers.coalesce import Flights, FollowerTimeout
from cachetiers.key import digest
from origin.errors import SourceForbidden, SourceTimeout
from origin.recipe import Scheme, SourceRef
from origin.sources.allowlist import SourcePattern
from origin.sources.held import NONE, SourceImage, Validators
from origin.sources.tier import SourceTier

_NEAR: Final = frozenset({Scheme.LOCAL})
"""Not kept: the kernel holds the bytes of files already, and whoever changes one expects to see it."""


class Source(Protocol):
    """Somewhere source images come from."""

    def fetch(self, source: SourceRef, held: Validators = NONE) -> SourceImage | None:
        """The bytes of *source*; None only if something is held and the source says that it is unchanged.

        Raises the source errors of `origin.errors`.
        """
        ...


class Sources:
    """Fetches by scheme, from allowed places only, and keeps what it fetched for a while.

    Args:
        by_scheme: The schemes that are switched on.
        allowed: Prefixes a source must match; none: any.
        wait_s: How long somebody waits for a source that another is fetching.
        tier: Where images are kept; None: nowhere.
    """

    def __init__(
        self,
        by_scheme: Mapping[Scheme, Source],
        allowed: Sequence[SourcePattern],
        wait_s: float = 60.0,
        tier: SourceTier | None = None,
    ) -> None:
        self._fetches: Flights[SourceImage | None] = Flights(wait_s)
        self._by_scheme = dict(by_scheme)
        self._allowed = tuple(allowed)
        self._nowhere = SourceTier(0, 0.0)
        self._tier = self._nowhere if tier is None else tier

    def check(self, source: SourceRef) -> Source:
        """The one that fetches *source*.

        Raises:
            SourceForbidden: Its scheme is off, or it matches none of the allowed prefixes.
        """
        fetcher = self._by_scheme.get(source.scheme)
        if fetcher is None:
            raise SourceForbidden(f"{source.scheme}:// sources are not switched on")
        if self._allowed and not any(pattern.allows(source) for pattern in self._allowed):
            raise SourceForbidden(f"{source.loggable!r} is not among the allowed sources")
        return fetcher

    @overload
    def fetch(self, source: SourceRef, *, generation: str = ...) -> SourceImage: ...

    @overload
    def fetch(self, source: SourceRef, held: Validators = ..., generation: str = ...) -> SourceImage | None: ...

    def fetch(self, source: SourceRef, held: Validators = NONE, generation: str = "") -> SourceImage | None:
        """The bytes of *source*, if it is allowed; None if *held* still names them.

        Those who ask the same at the same time share one fetch. What was fetched a
        moment ago is used again; what is older costs a question, and its bytes
        travel only if they have changed.

        Args:
            source: What is wanted.
            held: What the caller holds of it.
            generation: Changes when somebody purges the source: nothing fetched under another one is used.

        Raises:
            SourceTimeout: Whoever is fetching it already takes too long.
            OriginError: As `check` and the fetcher; what is in the tier never stands in for a source that fails.
        """
        fetcher = self.check(source)
        tier = self._nowhere if source.scheme in _NEAR else self._tier
        key = digest(source.url, generation)
        kept = tier.get(key)
        if kept is not None and kept.fresh:
            return kept.image.unless(held)
        asked = held if kept is None else kept.image.validators

        def ask() -> SourceImage | None:
            image = fetcher.fetch(source, asked)
            if image is None and kept is not None:
                image = kept.image
            if image is not None:
                tier.put(key, image)
            return image

        try:
            image, _ = self._fetches.run(digest(key, *astuple(asked)), ask)
        except FollowerTimeout as error:
            raise SourceTimeout(f"{source.host} is being fetched already; {error}") from None
        return None if image is None else image.unless(held)
