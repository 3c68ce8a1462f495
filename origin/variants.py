"""The use case: one variant of one source, from the cache or made now. Knows no HTTP."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from cachetiers.coalesce import FollowerTimeout
from cachetiers.entry import Entry
from cachetiers.key import digest
from cachetiers.readthrough import Found, Outcome, ReadThrough
from origin.errors import Overloaded
from origin.grammar import GRAMMAR_VERSION
from origin.imaging.limits import Limits
from origin.imaging.pipeline import Job
from origin.imaging.pool import Pixels
from origin.recipe import OutputFormat, Recipe

Fetch = Callable[[], bytes]
"""Gets the source's bytes; called at most once, and not at all for a hit."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A picture ready to be answered, and how it came about.

    Args:
        body: The encoded picture.
        format: What it is encoded in.
        tag: A strong entity tag with its quotes: the same in every process, for as long as the bytes are.
        age_s: Whole seconds since it was made.
        ttl_s: Whole seconds for which we keep it fresh from now on.
        outcome: Hit, miss or coalesced.
        stored: Whether it is kept now.
        facts: What making it cost, as texts.
    """

    body: bytes
    format: OutputFormat
    tag: str
    age_s: int
    ttl_s: int
    outcome: Outcome
    stored: bool
    facts: dict[str, str]


class Variants:
    """Finds variants or makes them, each once however many ask at the same time.

    Args:
        cache: Where they are kept.
        pixels: Who makes them.
        limits: What they may cost.
        quality: Where a recipe names none.
        ttl_s: How long they are fresh.
        encoder_version: Enters every key, so that another encoder never answers with this one's bytes.
        clock: The time.
    """

    def __init__(
        self,
        cache: ReadThrough,
        pixels: Pixels,
        limits: Limits,
        *,
        quality: int,
        ttl_s: float,
        encoder_version: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._cache = cache
        self._pixels = pixels
        self._limits = limits
        self._quality = quality
        self._ttl_s = ttl_s
        self._encoder_version = encoder_version
        self._clock = clock

    def key(self, source: str, recipe: Recipe) -> str:
        """The cache key of a variant: everything that decides its bytes, and nothing else.

        Args:
            source: What identifies the source.
            recipe: As the URL spelled it, but with the negotiated format; None is the source's own.
        """
        return digest(GRAMMAR_VERSION, self._encoder_version, str(self._quality), recipe.canonical(), source)

    def lookup(self, key: str) -> Variant | None:
        """The variant under *key* if it is kept and fresh."""
        found = self._cache.lookup(key)
        return None if found is None else self._variant(key, found)

    def make(self, key: str, recipe: Recipe, fetch: Fetch) -> Variant:
        """The variant under *key*, made now, or by whoever is making it already.

        Raises:
            OriginError: The source or the pixels failed; every waiter gets the same.
            Overloaded: Nobody got round to it in time, or too many wait already.
        """
        job = Job(recipe, self._quality, self._limits)
        try:
            found = self._cache.fill(key, lambda: self._entry(job, fetch))
        except FollowerTimeout as error:
            raise Overloaded(f"the same picture is being made already; {error}") from None
        return self._variant(key, found)

    def _entry(self, job: Job, fetch: Fetch) -> Entry:
        self._pixels.check_room()
        started_s = time.perf_counter()
        body = fetch()
        fetched_s = time.perf_counter()
        rendered = self._pixels.transform(body, job)
        waited_s = time.perf_counter() - fetched_s - rendered.transform_s
        facts = {
            "format": rendered.format.value,
            "source": rendered.source_digest,
            "source_bytes": str(len(body)),
            "fetch_ms": _ms(fetched_s - started_s),
            "queue_ms": _ms(waited_s),
            "transform_ms": _ms(rendered.transform_s),
        }
        return Entry(rendered.body, self._clock(), self._ttl_s, facts)

    def _variant(self, key: str, found: Found) -> Variant:
        entry = found.entry
        age_s = entry.age_s(self._clock())
        return Variant(
            body=entry.value,
            format=OutputFormat(entry.facts["format"]),
            tag=f'"{key}-{entry.facts["source"]}"',
            age_s=int(age_s),
            ttl_s=int(max(0.0, entry.ttl_s - age_s)),
            outcome=found.outcome,
            stored=found.stored,
            facts=dict(entry.facts),
        )


def minted_for(tag: str, key: str) -> bool:
    """Whether *tag* is an entity tag that we, or a process like us, gave to the variant under *key*.

    It names the source's bytes too, but those we only know while we keep the
    variant. Without it, a tag that bears our key is believed, with no call to the
    source: validators outlive restarts.
    """
    return tag.startswith(f'"{key}-')


def _ms(seconds: float) -> str:
    return f"{max(0.0, seconds) * 1000:.1f}"
