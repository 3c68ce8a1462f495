import hashlib

import pytest

from cachetiers.memory import MemoryTier
from cachetiers.readthrough import ReadThrough
from origin.errors import Overloaded, SourceMissing
from origin.imaging.limits import Limits
from origin.imaging.pipeline import Job, Rendered
from origin.recipe import OutputFormat, Recipe
from origin.variants import Variants, minted_for


class FakePixels:
    """Renders nothing, remembers the jobs."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.full = False

    def transform(self, body: bytes, job: Job) -> Rendered:
        self.jobs.append(job)
        digest = hashlib.blake2b(body, digest_size=6).hexdigest()
        return Rendered(b"variant of " + body, job.recipe.format or OutputFormat.JPEG, 30, 20, digest, 0.001)

    def check_room(self) -> None:
        if self.full:
            raise Overloaded("full")


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def variants(pixels: FakePixels, clock: Clock, encoder: str = "e1", quality: int = 80) -> Variants:
    cache = ReadThrough(MemoryTier(1_000_000, clock), wait_s=1)
    limits = Limits(source_pixels=100, result_side_px=100)
    return Variants(cache, pixels, limits, quality=quality, ttl_s=60, encoder_version=encoder, clock=clock)


def test_a_variant_is_made_once_and_then_found_with_its_age() -> None:
    pixels, clock = FakePixels(), Clock()
    service = variants(pixels, clock)
    key = service.key("local:///a", Recipe())
    made = service.make(key, Recipe(), lambda: b"source")
    clock.now_s += 10
    found = service.lookup(key)
    assert found is not None
    assert (made.outcome, found.outcome, found.age_s, found.ttl_s) == ("miss", "hit", 10, 50)
    assert (found.body, found.tag) == (b"variant of source", made.tag)
    assert len(pixels.jobs) == 1


def test_a_failing_source_makes_no_pixels_and_leaves_nothing_behind() -> None:
    def fetch() -> bytes:
        raise SourceMissing("gone")

    pixels = FakePixels()
    service = variants(pixels, Clock())
    with pytest.raises(SourceMissing):
        service.make("key", Recipe(), fetch)
    assert pixels.jobs == []
    assert service.lookup("key") is None


def test_the_key_holds_everything_that_decides_the_bytes() -> None:
    service = variants(FakePixels(), Clock())
    keys = {
        service.key("local:///a", Recipe()),
        service.key("local:///b", Recipe()),
        service.key("local:///a", Recipe(dpr=2)),
        service.key("local:///a", Recipe(format=OutputFormat.WEBP)),
        variants(FakePixels(), Clock(), encoder="e2").key("local:///a", Recipe()),
        variants(FakePixels(), Clock(), quality=70).key("local:///a", Recipe()),
    }
    assert len(keys) == 6


def test_the_tag_is_the_same_in_every_process_and_changes_with_the_source() -> None:
    tags = []
    for source in (b"one", b"one", b"two"):
        service = variants(FakePixels(), Clock())
        key = service.key("local:///a", Recipe())
        tags.append(service.make(key, Recipe(), lambda source=source: source).tag)  # type: ignore[misc]
        assert minted_for(tags[-1], key)
    assert tags[0] == tags[1] != tags[2]
    assert not minted_for('"other-123"', key)


def test_nothing_is_fetched_when_too_much_waits_already() -> None:
    pixels = FakePixels()
    pixels.full = True
    fetched: list[str] = []

    def fetch() -> bytes:
        fetched.append("source")
        return b""

    with pytest.raises(Overloaded):
        variants(pixels, Clock()).make("key", Recipe(), fetch)
    assert fetched == []
