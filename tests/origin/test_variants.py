import hashlib

import pytest

from cachetiers.memory import MemoryTier
from cachetiers.readthrough import ReadThrough
from cachetiers.tiered import Tiered
from origin.askers import Askers
from origin.errors import (
    BrokenImage,
    Forsaken,
    NotAnImage,
    OriginError,
    Overloaded,
    SourceFailed,
    SourceMissing,
    SourceTimeout,
    TooCostly,
)
from origin.imaging.job import Job, Rendered
from origin.imaging.limits import Limits
from origin.imaging.pool import IsWanted, always
from origin.recipe import OutputFormat, Recipe, Resize, Watermark
from origin.sources.held import Validators
from origin.variants import (
    FALLBACK_TTL_S,
    Fetched,
    KnownFailure,
    Lives,
    Making,
    Variant,
    Variants,
    minted_for,
    stands_in,
)

LIMITS = Limits(source_pixels=100, result_side_px=100)
JOB = Job(Recipe(), LIMITS)


class FakePixels:
    """Renders nothing, remembers the jobs."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.full = False
        self.wanted: list[bool] = []

    def transform(self, body: bytes, job: Job, is_wanted: IsWanted = always) -> Rendered:
        self.wanted.append(is_wanted())
        if not self.wanted[-1]:
            raise Forsaken("nobody waits")
        self.jobs.append(job)
        made = b"variant of " + body + (job.watermark or b"")
        return Rendered(made, "image/jpeg", "jpg", hashlib.blake2b(made, digest_size=6).hexdigest(), 0.001)

    def check_room(self) -> None:
        if self.full:
            raise Overloaded("full")


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def variants(pixels: FakePixels, clock: Clock, encoder: str = "e1") -> Variants:
    tiers = Tiered(MemoryTier(1_000_000, clock))
    cache = ReadThrough(tiers, 1, None, stands_in, clock, spawn=lambda call: call())
    lives = Lives(ttl_s=60, stale_s=20, error_s=600)
    return Variants(cache, pixels, lives=lives, encoder_version=encoder, clock=clock, chance=lambda: 0.0)


def sends(body: bytes, etag: str = "", watermark: bytes | None = None) -> Making:
    """A source that has *body* and knows conditional requests."""

    def fetch(held: Validators) -> Fetched | None:
        if held and held.etag == etag:
            return None
        return Fetched(body, Validators(etag), watermark)

    return Making(JOB, fetch)


def fails(error: OriginError, instead: bytes | None = None) -> Making:
    def fetch(_: Validators) -> Fetched:
        raise error

    return Making(JOB, fetch, None if instead is None else sends(instead).fetch)


def kept(service: Variants, key: str) -> Variant:
    found = service.lookup(key)
    assert isinstance(found, Variant)
    return found


def test_a_variant_is_made_once_and_then_found_with_its_age() -> None:
    pixels, clock = FakePixels(), Clock()
    service = variants(pixels, clock)
    key = service.key(["local:///a"], JOB)
    made = service.make(key, sends(b"source"))
    clock.now_s += 10.5
    found = kept(service, key)
    assert (made.outcome, made.tier, found.outcome, found.tier) == ("miss", "", "hit", "memory")
    assert (found.age_s, found.ttl_s) == (10, 49)
    assert (found.body, found.tag) == (b"variant of source", made.tag)
    assert len(pixels.jobs) == 1


def test_a_failing_source_makes_no_pixels_and_leaves_nothing_behind() -> None:
    pixels = FakePixels()
    service = variants(pixels, Clock())
    with pytest.raises(SourceFailed):
        service.make("key", fails(SourceFailed("down")))
    assert pixels.jobs == []
    assert service.lookup("key") is None


@pytest.mark.parametrize("error", [SourceMissing("gone"), NotAnImage("text"), BrokenImage("cut"), TooCostly("huge")])
def test_what_would_fail_again_is_remembered_for_seconds(error: OriginError) -> None:
    clock = Clock()
    service = variants(FakePixels(), clock)
    with pytest.raises(type(error)):
        service.make("key", fails(error))
    known = service.lookup("key")
    assert isinstance(known, KnownFailure)
    assert (type(known.error), known.error.detail, known.tier) == (type(error), error.detail, "memory")
    assert known.left_s == error.cache_s
    clock.now_s += error.cache_s
    assert service.lookup("key") is None


def test_a_refresh_takes_the_place_of_what_is_stale() -> None:
    pixels, clock = FakePixels(), Clock()
    service = variants(pixels, clock)
    service.make("key", sends(b"old"))
    clock.now_s += 61
    assert (kept(service, "key").outcome, kept(service, "key").ttl_s) == ("stale", -1)
    service.refresh("key", sends(b"new"))
    assert (kept(service, "key").outcome, kept(service, "key").body) == ("hit", b"variant of new")


def test_an_unchanged_source_costs_no_pixels() -> None:
    pixels, clock = FakePixels(), Clock()
    service = variants(pixels, clock)
    service.make("key", sends(b"source", '"1"'))
    clock.now_s += 100
    renewed = service.make("key", sends(b"source", '"1"'))
    assert (renewed.outcome, renewed.body, renewed.age_s) == ("renewed", b"variant of source", 0)
    assert kept(service, "key").ttl_s == 60
    assert len(pixels.jobs) == 1


def test_a_changed_source_costs_pixels() -> None:
    pixels, clock = FakePixels(), Clock()
    service = variants(pixels, clock)
    service.make("key", sends(b"old", '"1"'))
    clock.now_s += 100
    assert service.make("key", sends(b"new", '"2"')).body == b"variant of new"


def test_a_variant_of_before_stands_in_for_a_source_that_fails() -> None:
    clock = Clock()
    service = variants(FakePixels(), clock)
    service.make("key", sends(b"old"))
    clock.now_s += 100
    found = service.make("key", fails(SourceTimeout("slow")))
    assert (found.outcome, found.body, found.ttl_s) == ("standby", b"variant of old", -40)


def test_it_does_not_stand_in_for_one_that_says_there_is_nothing() -> None:
    clock = Clock()
    service = variants(FakePixels(), clock)
    service.make("key", sends(b"old"))
    clock.now_s += 100
    with pytest.raises(SourceMissing):
        service.make("key", fails(SourceMissing("gone")))


def test_lifetimes_end_a_little_differently_each_time() -> None:
    clock = Clock()
    cache = ReadThrough(Tiered(MemoryTier(1_000_000, clock)), 1, clock=clock)
    service = Variants(cache, FakePixels(), lives=Lives(1000), encoder_version="e", clock=clock)
    ends = {service.make(f"{number}", sends(b"source")).ttl_s for number in range(50)}
    assert len(ends) > 20
    assert min(ends) >= 900
    assert max(ends) <= 1000


def test_a_fallback_is_kept_for_seconds_only() -> None:
    clock = Clock()
    service = variants(FakePixels(), clock)
    made = service.make("key", fails(SourceMissing("gone"), b"instead"))
    assert (made.fallback, made.body) == (True, b"variant of instead")
    assert not minted_for(made.tag, "key")
    clock.now_s += FALLBACK_TTL_S
    assert service.lookup("key") is None


def test_the_picture_itself_is_better_than_what_stands_for_it() -> None:
    clock = Clock()
    service = variants(FakePixels(), clock)
    service.make("key", sends(b"old"))
    clock.now_s += 100
    found = service.make("key", fails(SourceFailed("down"), b"instead"))
    assert (found.fallback, found.body) == (False, b"variant of old")


def test_a_fetched_watermark_reaches_the_pixels_and_the_tag() -> None:
    pixels = FakePixels()
    tags = {
        variants(pixels, Clock()).make("key", sends(b"source", watermark=mark)).tag for mark in (b"one", b"two", None)
    }
    assert [job.watermark for job in pixels.jobs] == [b"one", b"two", None]
    assert len(tags) == 3


def test_the_key_holds_everything_that_decides_the_bytes() -> None:
    service = variants(FakePixels(), Clock())
    keys = {
        service.key(["local:///a"], JOB),
        service.key(["local:///b"], JOB),
        service.key(["local:///a"], Job(Recipe(dpr=2), LIMITS)),
        service.key(["local:///a"], Job(Recipe(format=OutputFormat.WEBP), LIMITS)),
        service.key(["local:///a"], Job(Recipe(), LIMITS, default_quality=70)),
        service.key(["local:///a"], Job(Recipe(), LIMITS, candidates=frozenset({OutputFormat.WEBP}))),
        service.key(["local:///a"], Job(Recipe(), LIMITS, watermark=b"mark")),
        service.key(["local:///a"], Job(Recipe(), LIMITS, watermark=b"other")),
        service.key(["local:///a"], Job(Recipe(), LIMITS, info=True)),
        service.key(["local:///a"], Job(Recipe(raw=True), LIMITS)),
        variants(FakePixels(), Clock(), encoder="e2").key(["local:///a"], JOB),
        service.key(["local:///a"], JOB, generation="1"),
        service.key(["local:///a", "local:///b"], JOB),
        service.key(["local:///a local:///b"], JOB),
    }
    assert len(keys) == 14


def test_what_does_not_decide_the_bytes_is_not_in_the_key() -> None:
    service = variants(FakePixels(), Clock())
    small = Recipe(resize=Resize(width_px=3))
    assert service.key(["a"], Job(small, LIMITS, info=True)) == service.key(["a"], Job(Recipe(), LIMITS, info=True))
    unseen = Recipe(watermark=Watermark(tiled=True, text="hello"))
    assert service.key(["a"], Job(unseen, LIMITS)) == service.key(["a"], JOB)
    raw = Recipe(raw=True)
    assert service.key(["a"], Job(Recipe(raw=True, dpr=2), LIMITS)) == service.key(["a"], Job(raw, LIMITS))


def test_the_tag_is_the_same_in_every_process_and_changes_with_the_bytes() -> None:
    tags = []
    for source in (b"one", b"one", b"two"):
        service = variants(FakePixels(), Clock())
        key = service.key(["local:///a"], JOB)
        tags.append(service.make(key, sends(source)).tag)
        assert minted_for(tags[-1], key)
    assert tags[0] == tags[1] != tags[2]
    assert not minted_for('"other-123"', key)


@pytest.mark.parametrize("second", ["", "x", "0123456789a", "0123456789AB", "0" * 13, "0123456789ab-", "0123456789a\n"])
def test_only_tags_of_our_form_are_believed_to_be_ours(second: str) -> None:
    assert minted_for('"key-0123456789ab"', "key")
    assert not minted_for(f'"key-{second}"', "key")


def test_nothing_is_fetched_when_too_much_waits_already() -> None:
    pixels = FakePixels()
    pixels.full = True
    fetched: list[Validators] = []

    def fetch(held: Validators) -> Fetched:
        fetched.append(held)
        return Fetched(b"")

    with pytest.raises(Overloaded):
        variants(pixels, Clock()).make("key", Making(JOB, fetch))
    assert fetched == []


def test_a_picture_is_wanted_as_long_as_one_of_those_who_asked_waits_and_a_refresh_always() -> None:
    pixels = FakePixels()
    one = variants(pixels, Clock())
    patience = iter([False, True])
    assert one.make("a" * 64, sends(b"x"), is_wanted=lambda: next(patience, True)).body == b"variant of x"
    assert pixels.wanted == [False, True]
    with pytest.raises(Forsaken):
        one.make("b" * 64, sends(b"x"), is_wanted=lambda: False)
    one.refresh("c" * 64, sends(b"x"))
    assert pixels.wanted[-1]


def test_who_still_waits_keeps_a_picture_alive_for_whoever_led() -> None:
    askers = Askers()
    with askers.one_more("k", lambda: False):
        assert not askers.remain("k")
        with askers.one_more("k", lambda: True):
            assert askers.remain("k")
        assert not askers.remain("k")
    assert not askers.remain("k")
