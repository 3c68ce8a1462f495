"""Source images kept between fetches, as seen by those who ask the router."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from origin.errors import OriginError, SourceFailed, SourceMissing, SourceTimeout
from origin.recipe import Scheme, SourceRef
from origin.sources.held import NONE, SourceImage, Validators
from origin.sources.router import Sources
from origin.sources.tier import ASKABLE_S, SourceTier

PHOTO = SourceRef(Scheme.HTTPS, "https://img.example.com/a.jpg")
FRESH_S = 60
CAPACITY_BYTES = 100_000
PICTURE = SourceImage(b"picture", Validators('"1"'))


@dataclass
class Clock:
    now_s: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now_s


@dataclass
class Web:
    """A source with one picture, that remembers what those who asked held."""

    image: SourceImage = PICTURE
    error: OriginError | None = None
    asked: list[Validators] = field(default_factory=list)

    def fetch(self, source: SourceRef, held: Validators = NONE) -> SourceImage | None:
        self.asked.append(held)
        if self.error is not None:
            raise self.error
        return None if held and held == self.image.validators else self.image


@dataclass
class House:
    """A router with a tier in front of `Web`."""

    web: Web
    clock: Clock
    tier: SourceTier
    sources: Sources


@pytest.fixture
def house() -> House:
    return build()


def build(capacity_bytes: int = CAPACITY_BYTES, fresh_s: float = FRESH_S) -> House:
    web, clock = Web(), Clock()
    tier = SourceTier(capacity_bytes, fresh_s, clock)
    return House(web, clock, tier, Sources({Scheme.HTTPS: web, Scheme.LOCAL: web}, (), tier=tier))


def test_while_fresh_nobody_is_asked(house: House) -> None:
    images = []
    for _ in range(7):
        images.append(house.sources.fetch(PHOTO))
        house.clock.now_s += FRESH_S / 7
    assert set(images) == {house.web.image}
    assert house.web.asked == [NONE]


def test_whoever_holds_what_is_fresh_is_told_so_unasked(house: House) -> None:
    image = house.sources.fetch(PHOTO)
    assert house.sources.fetch(PHOTO, image.validators) is None
    assert house.sources.fetch(PHOTO, Validators('"0"')) == image
    assert house.web.asked == [NONE]


def test_later_the_source_is_asked_whether_it_changed_and_what_has_not_is_fresh_again(house: House) -> None:
    image = house.sources.fetch(PHOTO)
    for _ in range(3):
        house.clock.now_s += FRESH_S
        assert house.sources.fetch(PHOTO) == image
        house.clock.now_s += FRESH_S - 1
        assert house.sources.fetch(PHOTO) == image
    assert house.web.asked == [NONE, *[image.validators] * 3]


def test_what_has_changed_takes_the_place_of_what_was_kept(house: House) -> None:
    before = house.sources.fetch(PHOTO)
    house.web.image = SourceImage(b"another", Validators('"2"'))
    assert house.sources.fetch(PHOTO) == before
    house.clock.now_s += FRESH_S
    assert house.sources.fetch(PHOTO) == house.web.image
    assert house.sources.fetch(PHOTO) == house.web.image
    assert house.web.asked == [NONE, before.validators]


def test_what_the_tier_holds_is_asked_about_rather_than_what_the_caller_holds(house: House) -> None:
    image = house.sources.fetch(PHOTO)
    house.clock.now_s += FRESH_S
    assert house.sources.fetch(PHOTO, Validators('"0"')) == image
    house.clock.now_s += FRESH_S
    assert house.sources.fetch(PHOTO, image.validators) is None
    assert house.web.asked == [NONE, image.validators, image.validators]


def test_without_anything_kept_the_source_is_asked_about_what_the_caller_holds(house: House) -> None:
    assert house.sources.fetch(PHOTO, house.web.image.validators) is None
    assert house.sources.fetch(PHOTO, Validators('"0"')) == house.web.image
    assert house.sources.fetch(PHOTO) == house.web.image
    assert house.web.asked == [house.web.image.validators, Validators('"0"')]


def test_bytes_that_came_although_they_are_held_are_kept_for_others_and_not_handed_on() -> None:
    class Deaf(Web):
        def fetch(self, source: SourceRef, held: Validators = NONE) -> SourceImage | None:
            return super().fetch(source)

    web = Deaf()
    sources = Sources({Scheme.HTTPS: web}, (), tier=SourceTier(CAPACITY_BYTES, FRESH_S, Clock()))
    assert sources.fetch(PHOTO, web.image.validators) is None
    assert sources.fetch(PHOTO) == web.image
    assert len(web.asked) == 1


def test_without_validators_the_whole_is_fetched_again(house: House) -> None:
    house.web.image = SourceImage(b"picture")
    for _ in range(2):
        assert house.sources.fetch(PHOTO) == house.web.image
        assert house.sources.fetch(PHOTO) == house.web.image
        house.clock.now_s += FRESH_S
    assert house.web.asked == [NONE, NONE]
    assert house.sources.fetch(PHOTO, Validators('"1"')) == house.web.image


def test_what_nobody_asked_for_in_a_day_is_forgotten(house: House) -> None:
    house.sources.fetch(PHOTO)
    house.clock.now_s += FRESH_S + ASKABLE_S
    house.sources.fetch(PHOTO)
    assert house.web.asked == [NONE, NONE]


def test_nothing_fetched_before_a_purge_is_used_after_it(house: House) -> None:
    before = house.sources.fetch(PHOTO, generation="1")
    house.web.image = SourceImage(b"another", before.validators)
    assert house.sources.fetch(PHOTO, generation="1") == before
    assert house.sources.fetch(PHOTO, generation="2") == house.web.image
    assert house.web.asked == [NONE, NONE]


def test_one_huge_source_is_passed_on_and_not_kept(house: House) -> None:
    house.web.image = SourceImage(bytes(CAPACITY_BYTES // 4), Validators('"1"'))
    assert house.sources.fetch(PHOTO) == house.web.image
    assert house.sources.fetch(PHOTO) == house.web.image
    assert len(house.web.asked) == 2
    assert len(house.tier.memory) == 0


def test_a_tier_of_no_bytes_keeps_nothing_and_still_asks_about_what_is_held() -> None:
    house = build(capacity_bytes=0)
    assert house.sources.fetch(PHOTO) == house.web.image
    assert house.sources.fetch(PHOTO, house.web.image.validators) is None
    assert house.web.asked == [NONE, house.web.image.validators]


def test_a_tier_that_is_never_fresh_asks_each_time_and_no_bytes_travel() -> None:
    house = build(fresh_s=0)
    for _ in range(3):
        assert house.sources.fetch(PHOTO) == house.web.image
    assert house.web.asked == [NONE, *[house.web.image.validators] * 2]


def test_what_is_neither_fresh_nor_can_be_asked_about_takes_no_room() -> None:
    house = build(fresh_s=0)
    house.web.image = SourceImage(b"picture")
    house.sources.fetch(PHOTO)
    assert len(house.tier.memory) == 0


@pytest.mark.parametrize("error", [SourceFailed("down"), SourceMissing("gone"), SourceTimeout("late")])
def test_what_is_no_longer_fresh_does_not_stand_in_for_a_source_that_fails(house: House, error: OriginError) -> None:
    image = house.sources.fetch(PHOTO)
    house.clock.now_s += FRESH_S
    house.web.error = error
    for held in (NONE, image.validators):
        with pytest.raises(type(error)):
            house.sources.fetch(PHOTO, held)
    house.web.error = None
    assert house.sources.fetch(PHOTO) == image
    assert house.web.asked[-1] == image.validators


def test_a_failure_is_not_kept(house: House) -> None:
    house.web.error = SourceMissing("not yet")
    with pytest.raises(SourceMissing):
        house.sources.fetch(PHOTO)
    house.web.error = None
    assert house.sources.fetch(PHOTO) == house.web.image


def test_files_are_looked_at_each_time(house: House) -> None:
    local = SourceRef(Scheme.LOCAL, "local:///a.jpg")
    assert house.sources.fetch(local) == house.web.image
    house.web.image = SourceImage(b"another", Validators('"2"'))
    assert house.sources.fetch(local) == house.web.image
    assert len(house.tier.memory) == 0


def test_sources_are_kept_apart(house: House) -> None:
    other = SourceRef(Scheme.HTTPS, PHOTO.url + "?b")
    first = house.sources.fetch(PHOTO)
    house.web.image = SourceImage(b"another", Validators('"1"'))
    assert house.sources.fetch(other) == house.web.image
    assert house.sources.fetch(PHOTO) == first


class Slow(Web):
    """One that keeps the first who ask waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.took_off = threading.Event()
        self.land = threading.Event()

    def fetch(self, source: SourceRef, held: Validators = NONE) -> SourceImage | None:
        image = super().fetch(source, held)
        if not self.took_off.is_set():
            self.took_off.set()
            assert self.land.wait(10)
        return image


def test_those_who_ask_the_same_at_once_share_one_fetch() -> None:
    web = Slow()
    sources = Sources({Scheme.HTTPS: web}, (), wait_s=0.01)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(sources.fetch, PHOTO)
        assert web.took_off.wait(10)
        with pytest.raises(SourceTimeout, match="is being fetched already"):
            sources.fetch(PHOTO)
        # What others ask, this answer would not do for.
        assert sources.fetch(PHOTO, web.image.validators) is None
        assert sources.fetch(PHOTO, generation="2") == web.image
        web.land.set()
        assert first.result(10) == web.image
    assert web.asked == [NONE, web.image.validators, NONE]


def test_whatever_they_hold_all_share_the_question_about_what_is_kept() -> None:
    web, clock = Slow(), Clock()
    tier = SourceTier(CAPACITY_BYTES, FRESH_S, clock)
    sources = Sources({Scheme.HTTPS: web}, (), wait_s=0.01, tier=tier)
    web.land.set()
    image = sources.fetch(PHOTO)
    clock.now_s += FRESH_S
    web.took_off.clear()
    web.land.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(sources.fetch, PHOTO)
        assert web.took_off.wait(10)
        for held in (NONE, image.validators, Validators('"0"')):
            with pytest.raises(SourceTimeout, match="is being fetched already"):
                sources.fetch(PHOTO, held)
        web.land.set()
        assert first.result(10) == image
    assert web.asked == [NONE, image.validators]


def test_what_took_off_before_a_purge_and_lands_after_it_is_not_used() -> None:
    web = Slow()
    sources = Sources({Scheme.HTTPS: web}, (), tier=SourceTier(CAPACITY_BYTES, FRESH_S, Clock()))
    before = web.image
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(sources.fetch, PHOTO, NONE, "1")
        assert web.took_off.wait(10)
        web.image = SourceImage(b"another", Validators('"2"'))
        assert sources.fetch(PHOTO, generation="2") == web.image
        web.land.set()
        assert first.result(10) == before
    assert sources.fetch(PHOTO, generation="2") == web.image
