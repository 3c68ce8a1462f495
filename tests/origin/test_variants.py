import hashlib

import pytest

from cachetiers.memory import MemoryTier
from cachetiers.readthrough import ReadThrough
from origin.errors import Overloaded, SourceMissing
from origin.imaging.job import Job, Rendered
from origin.imaging.limits import Limits
from origin.recipe import OutputFormat, Recipe, Resize, Watermark
from origin.variants import FALLBACK_TTL_S, Fetched, Variants, minted_for

LIMITS = Limits(source_pixels=100, result_side_px=100)
JOB = Job(Recipe(), LIMITS)


class FakePixels:
    """Renders nothing, remembers the jobs."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.full = False

    def transform(self, body: bytes, job: Job) -> Rendered:
        self.jobs.append(job)
        digest = hashlib.blake2b(body, digest_size=6).hexdigest()
        return Rendered(b"variant of " + body, "image/jpeg", "jpg", digest, 0.001)

    def check_room(self) -> None:
        if self.full:
            raise Overloaded("full")


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def variants(pixels: FakePixels, clock: Clock, encoder: str = "e1") -> Variants:
    cache = ReadThrough(MemoryTier(1_000_000, clock), wait_s=1)
    return Variants(cache, pixels, ttl_s=60, encoder_version=encoder, clock=clock)


def test_a_variant_is_made_once_and_then_found_with_its_age() -> None:
    pixels, clock = FakePixels(), Clock()
    service = variants(pixels, clock)
    key = service.key("local:///a", JOB)
    made = service.make(key, JOB, lambda: Fetched(b"source"))
    clock.now_s += 10
    found = service.lookup(key)
    assert found is not None
    assert (made.outcome, found.outcome, found.ttl_s) == ("miss", "hit", 50)
    assert (found.body, found.tag) == (b"variant of source", made.tag)
    assert len(pixels.jobs) == 1


def test_a_failing_source_makes_no_pixels_and_leaves_nothing_behind() -> None:
    def fetch() -> Fetched:
        raise SourceMissing("gone")

    pixels = FakePixels()
    service = variants(pixels, Clock())
    with pytest.raises(SourceMissing):
        service.make("key", JOB, fetch)
    assert pixels.jobs == []
    assert service.lookup("key") is None


def test_a_fallback_is_kept_for_seconds_only() -> None:
    clock = Clock()
    service = variants(FakePixels(), clock)

    def fail() -> Fetched:
        raise SourceMissing("gone")

    made = service.make("key", JOB, fail, lambda: Fetched(b"instead"))
    assert (made.fallback, made.body) == (True, b"variant of instead")
    clock.now_s += FALLBACK_TTL_S
    assert service.lookup("key") is None


def test_a_fetched_watermark_reaches_the_pixels() -> None:
    pixels = FakePixels()
    variants(pixels, Clock()).make("key", JOB, lambda: Fetched(b"source", watermark=b"mark"))
    assert pixels.jobs[0].watermark == b"mark"


def test_the_key_holds_everything_that_decides_the_bytes() -> None:
    service = variants(FakePixels(), Clock())
    keys = {
        service.key("local:///a", JOB),
        service.key("local:///b", JOB),
        service.key("local:///a", Job(Recipe(dpr=2), LIMITS)),
        service.key("local:///a", Job(Recipe(format=OutputFormat.WEBP), LIMITS)),
        service.key("local:///a", Job(Recipe(), LIMITS, default_quality=70)),
        service.key("local:///a", Job(Recipe(), LIMITS, candidates=frozenset({OutputFormat.WEBP}))),
        service.key("local:///a", Job(Recipe(), LIMITS, watermark=b"mark")),
        service.key("local:///a", Job(Recipe(), LIMITS, watermark=b"other")),
        service.key("local:///a", Job(Recipe(), LIMITS, info=True)),
        service.key("local:///a", Job(Recipe(raw=True), LIMITS)),
        variants(FakePixels(), Clock(), encoder="e2").key("local:///a", JOB),
    }
    assert len(keys) == 11


def test_what_does_not_decide_the_bytes_is_not_in_the_key() -> None:
    service = variants(FakePixels(), Clock())
    small = Recipe(resize=Resize(width_px=3))
    assert service.key("a", Job(small, LIMITS, info=True)) == service.key("a", Job(Recipe(), LIMITS, info=True))
    unseen = Recipe(watermark=Watermark(tiled=True, text="hello"))
    assert service.key("a", Job(unseen, LIMITS)) == service.key("a", JOB)
    raw = Recipe(raw=True)
    assert service.key("a", Job(Recipe(raw=True, dpr=2), LIMITS)) == service.key("a", Job(raw, LIMITS))


def test_the_tag_is_the_same_in_every_process_and_changes_with_the_source() -> None:
    tags = []
    for source in (b"one", b"one", b"two"):
        service = variants(FakePixels(), Clock())
        key = service.key("local:///a", JOB)
        tags.append(service.make(key, JOB, lambda source=source: Fetched(source)).tag)  # type: ignore[misc]
        assert minted_for(tags[-1], key)
    assert tags[0] == tags[1] != tags[2]
    assert not minted_for('"other-123"', key)


def test_nothing_is_fetched_when_too_much_waits_already() -> None:
    pixels = FakePixels()
    pixels.full = True
    fetched: list[str] = []

    def fetch() -> Fetched:
        fetched.append("source")
        return Fetched(b"")

    with pytest.raises(Overloaded):
        variants(pixels, Clock()).make("key", JOB, fetch)
    assert fetched == []
