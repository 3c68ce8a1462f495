"""The use case: one variant of one source, from the cache or made now. Knows no HTTP."""

import hashlib
import random
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from math import ceil, floor
from typing import Final

from cachetiers.coalesce import FollowerTimeout
from cachetiers.entry import Entry
from cachetiers.key import digest
from cachetiers.readthrough import Found, Make, Outcome, ReadThrough
from origin.askers import Askers
from origin.errors import (
    BrokenImage,
    Forsaken,
    Internal,
    Interrupted,
    NotAnImage,
    OriginError,
    Overloaded,
    SourceFailed,
    SourceMissing,
    SourceTimeout,
    SourceUnavailable,
    TooCostly,
)
from origin.grammar import GRAMMAR_VERSION
from origin.imaging.job import Job
from origin.imaging.pool import IsWanted, Pixels, always
from origin.recipe import Recipe, Watermark
from origin.sources.held import NONE, Validators

FALLBACK_TTL_S = 10.0
"""A picture that stands for another is asked for again soon."""

_SOURCE_FAILURES = (SourceMissing, SourceFailed, SourceTimeout, SourceUnavailable, NotAnImage, BrokenImage)
"""What a fallback stands for. Not what is forbidden or too costly: that is the URL's fault."""

_LASTING = {error.slug: error for error in (SourceMissing, NotAnImage, BrokenImage, TooCostly)}
"""Failures that asking again at once would not change, and that are therefore remembered."""

_PASSING = (SourceFailed, SourceTimeout, SourceUnavailable, Overloaded, Interrupted, Internal)
"""Failures that say nothing about the picture; an old variant may stand in (RFC 5861 section 4)."""

_FACTS_VERSION: Final = "2"
"""Enters every key; raised when what is kept beside the bytes changes its names or meaning."""

_FALLBACK: Final = "fallback-"
"""Begins the tags of pictures that stand for another: nobody who holds one is to be told that it is still good."""

_DIGEST: Final = re.compile(r"[0-9a-f]{12}")
"""The second half of a tag: a digest of the bytes."""

_LONGEST_DETAIL: Final = 500

_JITTER: Final = 0.1
"""Lifetimes end up to a tenth early, each a little differently, or all that was made at once would end at once."""


@dataclass(frozen=True, slots=True)
class Lives:
    """How long a variant is good for what in our own cache, in seconds.

    Args:
        ttl_s: Fresh.
        stale_s: How much longer it is answered while it is made anew.
        error_s: How much longer than fresh it is answered when making it anew fails.
    """

    ttl_s: float
    stale_s: float = 0.0
    error_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Fetched:
    """Source bytes and their validators, and the picture of a watermark that the URL names."""

    body: bytes
    validators: Validators = NONE
    watermark: bytes | None = None


Fetch = Callable[[Validators], Fetched | None]
"""Gets the source; None when it is what these validators name. Not called at all for a hit."""


@dataclass(frozen=True, slots=True)
class Making:
    """All it takes to make a variant.

    Args:
        job: What is to be made.
        fetch: Gets the source.
        fallback: Gets what stands for the source when that fails or is no picture.
    """

    job: Job
    fetch: Fetch
    fallback: Fetch | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    """A body ready to be answered, and how it came about.

    Args:
        body: An encoded picture; or what is known about one, as JSON; or a source as it is.
        media_type: What it is.
        suffix: The usual end of a file's name, without the dot; empty when there is none.
        tag: A strong entity tag with its quotes: the same in every process, for as long as the bytes are.
        age_s: Whole seconds since it was made, or since its source was last found unchanged.
        ttl_s: Whole seconds for which we keep it fresh from now on; negative once it is not.
        outcome: How it came about.
        tier: Where it was kept, empty when it was made.
        stored: Whether it is kept now.
        fallback: Whether it stands for a source that failed.
        facts: What making it cost, as texts.
        kept: As the cache keeps it.
    """

    body: bytes = field(repr=False)
    media_type: str
    suffix: str
    tag: str
    age_s: int
    ttl_s: int
    outcome: Outcome
    tier: str
    stored: bool
    fallback: bool
    facts: Mapping[str, str]
    kept: Entry = field(repr=False)


@dataclass(frozen=True, slots=True)
class KnownFailure:
    """A failure that is remembered: asking the source again would be in vain.

    Args:
        error: What happened, as if it had happened now.
        left_s: For how many more seconds it is believed.
        tier: Where it was kept.
    """

    error: OriginError
    left_s: int
    tier: str


def stands_in(error: Exception) -> bool:
    """Whether an old variant may be answered when making it anew failed like this."""
    return isinstance(error, _PASSING) or not isinstance(error, OriginError)


class Variants:
    """Finds variants or makes them, each once however many ask at the same time.

    Args:
        cache: Where they are kept.
        pixels: Who makes them.
        lives: How long they are good for what.
        namespace: Enters every key, so that services which mean different things by one URL can share a tier.
        encoder_version: Enters every key, so that another encoder never answers with this one's bytes.
        clock: Unix time in seconds.
        chance: Something in [0, 1), another each time.
    """

    def __init__(
        self,
        cache: ReadThrough,
        pixels: Pixels,
        *,
        lives: Lives,
        encoder_version: str,
        namespace: str = "",
        clock: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._cache = cache
        self._pixels = pixels
        self._lives = lives
        self._encoder_version = encoder_version
        self._namespace = namespace
        self._clock = clock
        self._chance = chance
        self._askers = Askers()

    def key(self, sources: Sequence[str], job: Job, generation: str = "") -> str:
        """The cache key of a variant: everything that decides its bytes, and nothing else.

        Args:
            sources: What identifies the source, and then its fallback, if any.
            job: What is to be made of it.
            generation: Changes when the variant is purged.
        """
        return digest(
            GRAMMAR_VERSION,
            _FACTS_VERSION,
            self._namespace,
            self._encoder_version,
            _settled(job).canonical(),
            str(job.default_quality),
            " ".join(sorted(job.candidates)),
            repr(job.limits),
            "svg" if job.svg else "",
            "info" if job.info else "",
            _digest(job.watermark),
            generation,
            *sources,
        )

    def lookup(self, key: str) -> Variant | KnownFailure | None:
        """The variant under *key* if it is kept, be it stale or on standby; or why there is none."""
        found = self._cache.lookup(key)
        if found is not None and found.entry.negative:
            left_s = ceil(found.entry.ttl_s - found.entry.age_s(self._clock()))
            return KnownFailure(_failure(found.entry), left_s, found.tier)
        return None if found is None else self.variant(key, found)

    def fresh(self, key: str) -> Found | None:
        """What is kept under *key* in memory, and fresh, and no failure; counted as nothing until `count_hit` is."""
        return self._cache.fresh(key)

    def count_hit(self, key: str) -> None:
        """Count what `fresh` found as answered."""
        self._cache.count_hit(key)

    def make(self, key: str, making: Making, standby: Variant | None = None, is_wanted: IsWanted = always) -> Variant:
        """The variant under *key*, made now, or by whoever is making it already; or *standby* if that fails.

        If none of those who ask for it wants it any more before its pixels are begun, it is not made.

        Raises:
            OriginError: The source or the pixels failed; every waiter gets the same.
            Overloaded: Nobody got round to it in time, or too many wait already.
            Forsaken: Nobody wants it any more.
        """
        make = self._maker(making, partial(self._askers.remain, key))
        try:
            with self._askers.one_more(key, is_wanted):
                found = self._filled(key, make, standby, is_wanted)
        except FollowerTimeout as error:
            raise Overloaded(f"the same picture is being made already; {error}") from None
        if found.entry.negative:
            raise _failure(found.entry)
        return self.variant(key, found)

    def refresh(self, key: str, making: Making, stale: Variant | None = None) -> None:
        """Make the variant under *key*, anew if it is *stale*, beside the caller."""
        self._cache.refresh(key, self._maker(making, always), None if stale is None else stale.kept)

    def _filled(self, key: str, make: Make, standby: Variant | None, is_wanted: IsWanted) -> Found:
        while True:
            try:
                return self._cache.fill(key, make, None if standby is None else standby.kept)
            except Forsaken:
                # By all who asked before us, and we came just too late to keep it alive.
                if not is_wanted():
                    raise

    def _maker(self, making: Making, is_wanted: IsWanted) -> Make:
        return lambda old: self._entry(making, None if old is None or old.negative else old, is_wanted)

    def _entry(self, making: Making, old: Entry | None, is_wanted: IsWanted) -> Entry:
        self._pixels.check_room()
        try:
            return self._made(making.job, making.fetch, old, is_wanted)
        except _SOURCE_FAILURES as error:
            # The picture itself, if an old one, is better than what stands for it.
            if making.fallback is None or (old is not None and stands_in(error)):
                return self._remembered(error)
        except TooCostly as error:
            return self._remembered(error)
        instead = self._made(making.job, making.fallback, None, is_wanted)
        ttl_s = min(self._lives.ttl_s, FALLBACK_TTL_S)
        return replace(instead, ttl_s=ttl_s, stale_s=0.0, error_s=0.0, facts={**instead.facts, "fallback": "1"})

    def _remembered(self, error: OriginError) -> Entry:
        if error.slug not in _LASTING:
            raise error
        facts = {"problem": error.slug, "detail": error.detail[:_LONGEST_DETAIL]}
        return Entry(b"", self._clock(), error.cache_s, facts, negative=True)

    def _made(self, job: Job, fetch: Fetch, old: Entry | None, is_wanted: IsWanted) -> Entry:
        started_s = time.perf_counter()
        fetched = fetch(NONE if old is None else Validators.from_facts(old.facts))
        fetched_s = time.perf_counter()
        if fetched is None:
            assert old is not None  # noqa: S101  nothing can be unchanged that nobody held
            return self._lively(old)
        if fetched.watermark is not None:
            job = replace(job, watermark=fetched.watermark)
        rendered = self._pixels.transform(fetched.body, job, is_wanted)
        waited_s = time.perf_counter() - fetched_s - rendered.transform_s
        facts = {
            "media_type": rendered.media_type,
            "suffix": rendered.suffix,
            "digest": rendered.digest,
            "source_bytes": str(len(fetched.body)),
            "fetch_ms": _ms(fetched_s - started_s),
            "queue_ms": _ms(waited_s),
            "transform_ms": _ms(rendered.transform_s),
            **fetched.validators.as_facts(),
        }
        return self._lively(Entry(rendered.body, 0.0, 0.0, facts))

    def _lively(self, entry: Entry) -> Entry:
        """*entry* as if made now, with its whole life before it."""
        lives = self._lives
        ttl_s = lives.ttl_s * (1 - _JITTER * self._chance())
        return replace(entry, created_s=self._clock(), ttl_s=ttl_s, stale_s=lives.stale_s, error_s=lives.error_s)

    def variant(self, key: str, found: Found) -> Variant:
        """What was found under *key*, as it is now."""
        entry, now_s = found.entry, self._clock()
        age_s, fallback = entry.age_s(now_s), "fallback" in entry.facts
        return Variant(
            body=entry.value,
            media_type=entry.facts["media_type"],
            suffix=entry.facts["suffix"],
            tag=f'"{_FALLBACK if fallback else ""}{key}-{entry.facts["digest"]}"',
            age_s=int(age_s),
            ttl_s=floor(entry.ttl_s - age_s),
            outcome=found.outcome,
            tier=found.tier,
            stored=found.stored,
            fallback=fallback,
            facts=entry.facts,
            kept=entry,
        )


def _failure(entry: Entry) -> OriginError:
    return _LASTING[entry.facts["problem"]](entry.facts["detail"])


@lru_cache(maxsize=4)  # a megabyte takes a millisecond, and the configured watermark is asked for with every hit
def _digest(data: bytes | None) -> str:
    return "" if data is None else hashlib.blake2b(data, digest_size=16).hexdigest()


def _settled(job: Job) -> Recipe:
    """The recipe as far as it decides bytes: of a description, only what concerns the source."""
    recipe = job.recipe
    if job.info:
        return Recipe(pages=recipe.pages, tighter=recipe.tighter, cachebuster=recipe.cachebuster)
    if recipe.raw:
        return Recipe(raw=True, tighter=replace(recipe.tighter, result_side_px=0), cachebuster=recipe.cachebuster)
    # A watermark that cannot be seen is none, wherever it would have been.
    return recipe if recipe.watermark.opacity else replace(recipe, watermark=Watermark())


def minted_for(tag: str, key: str) -> bool:
    """Whether *tag* is an entity tag that we, or a process like us, gave to the variant under *key*.

    It names the variant's bytes too, but those we only know while we keep the
    variant. Without it, a tag of our form that bears our key is believed, with no call
    to the source: validators outlive restarts.

    So whoever makes up the second half is told that what it does not hold is still
    good. It fools nobody else: the answer names the made-up tag, and a cache may
    refresh only what it keeps under that very tag (RFC 9111 section 4.3.4), which it
    got from us. The form keeps strangers from having text of their own repeated.
    """
    return tag[1:-1].startswith(f"{key}-") and _DIGEST.fullmatch(tag[1:-1], len(key) + 1) is not None


def _ms(seconds: float) -> str:
    return f"{max(0.0, seconds) * 1000:.1f}"
