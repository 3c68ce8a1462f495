"""The use case: one variant of one source, from the cache or made now. Knows no HTTP."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from cachetiers.coalesce import FollowerTimeout
from cachetiers.entry import Entry
from cachetiers.key import digest
from cachetiers.readthrough import Found, Outcome, ReadThrough
from origin.errors import BrokenImage, NotAnImage, Overloaded, SourceFailed, SourceMissing, SourceTimeout
from origin.grammar import GRAMMAR_VERSION
from origin.imaging.job import Job
from origin.imaging.pool import Pixels
from origin.recipe import Recipe, Watermark

FALLBACK_TTL_S = 10.0
"""A picture that stands for another is asked for again soon."""


_SOURCE_FAILURES = (SourceMissing, SourceFailed, SourceTimeout, NotAnImage, BrokenImage)
"""What a fallback stands for. Not what is forbidden or too costly: that is the URL's fault."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """Source bytes, and those of a watermark that the URL names."""

    body: bytes
    watermark: bytes | None = None


Fetch = Callable[[], Fetched]
"""Gets the source; called at most once, and not at all for a hit."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A body ready to be answered, and how it came about.

    Args:
        body: An encoded picture; or what is known about one, as JSON; or a source as it is.
        media_type: What it is.
        suffix: The usual end of a file's name, without the dot; empty when there is none.
        tag: A strong entity tag with its quotes: the same in every process, for as long as the bytes are.
        ttl_s: Whole seconds for which we keep it fresh from now on.
        outcome: Hit, miss or coalesced.
        stored: Whether it is kept now.
        fallback: Whether it stands for a source that failed.
        facts: What making it cost, as texts.
    """

    body: bytes
    media_type: str
    suffix: str
    tag: str
    ttl_s: int
    outcome: Outcome
    stored: bool
    fallback: bool
    facts: dict[str, str]


class Variants:
    """Finds variants or makes them, each once however many ask at the same time.

    Args:
        cache: Where they are kept.
        pixels: Who makes them.
        ttl_s: How long they are fresh.
        encoder_version: Enters every key, so that another encoder never answers with this one's bytes.
        clock: Unix time in seconds.
    """

    def __init__(
        self,
        cache: ReadThrough,
        pixels: Pixels,
        *,
        ttl_s: float,
        encoder_version: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._cache = cache
        self._pixels = pixels
        self._ttl_s = ttl_s
        self._encoder_version = encoder_version
        self._clock = clock

    def key(self, source: str, job: Job) -> str:
        """The cache key of a variant: everything that decides its bytes, and nothing else.

        Args:
            source: What identifies the source.
            job: What is to be made of it.
        """
        return digest(
            GRAMMAR_VERSION,
            self._encoder_version,
            _settled(job).canonical(),
            str(job.default_quality),
            " ".join(sorted(job.candidates)),
            "info" if job.info else "",
            "" if job.watermark is None else hashlib.blake2b(job.watermark, digest_size=16).hexdigest(),
            source,
        )

    def lookup(self, key: str) -> Variant | None:
        """The variant under *key* if it is kept and fresh."""
        found = self._cache.lookup(key)
        return None if found is None else self._variant(key, found)

    def make(self, key: str, job: Job, fetch: Fetch, fallback: Fetch | None = None) -> Variant:
        """The variant under *key*, made now, or by whoever is making it already.

        Args:
            key: As `key` gave it.
            job: What is to be made.
            fetch: Gets the source.
            fallback: Gets what stands for the source when that fails or is no picture.

        Raises:
            OriginError: The source or the pixels failed; every waiter gets the same.
            Overloaded: Nobody got round to it in time, or too many wait already.
        """
        try:
            found = self._cache.fill(key, lambda: self._entry(job, fetch, fallback))
        except FollowerTimeout as error:
            raise Overloaded(f"the same picture is being made already; {error}") from None
        return self._variant(key, found)

    def _entry(self, job: Job, fetch: Fetch, fallback: Fetch | None) -> Entry:
        self._pixels.check_room()
        try:
            return self._made(job, fetch)
        except _SOURCE_FAILURES:
            if fallback is None:
                raise
        instead = self._made(job, fallback)
        return replace(instead, ttl_s=min(self._ttl_s, FALLBACK_TTL_S), facts={**instead.facts, "fallback": "1"})

    def _made(self, job: Job, fetch: Fetch) -> Entry:
        started_s = time.perf_counter()
        fetched = fetch()
        fetched_s = time.perf_counter()
        if fetched.watermark is not None:
            job = replace(job, watermark=fetched.watermark)
        rendered = self._pixels.transform(fetched.body, job)
        waited_s = time.perf_counter() - fetched_s - rendered.transform_s
        facts = {
            "media_type": rendered.media_type,
            "suffix": rendered.suffix,
            "source": rendered.source_digest,
            "source_bytes": str(len(fetched.body)),
            "fetch_ms": _ms(fetched_s - started_s),
            "queue_ms": _ms(waited_s),
            "transform_ms": _ms(rendered.transform_s),
        }
        return Entry(rendered.body, self._clock(), self._ttl_s, facts)

    def _variant(self, key: str, found: Found) -> Variant:
        entry = found.entry
        return Variant(
            body=entry.value,
            media_type=entry.facts["media_type"],
            suffix=entry.facts["suffix"],
            tag=f'"{key}-{entry.facts["source"]}"',
            ttl_s=int(max(0.0, entry.ttl_s - entry.age_s(self._clock()))),
            outcome=found.outcome,
            stored=found.stored,
            fallback="fallback" in entry.facts,
            facts=dict(entry.facts),
        )


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

    It names the source's bytes too, but those we only know while we keep the
    variant. Without it, a tag that bears our key is believed, with no call to the
    source: validators outlive restarts.
    """
    return tag.startswith(f'"{key}-')


def _ms(seconds: float) -> str:
    return f"{max(0.0, seconds) * 1000:.1f}"
