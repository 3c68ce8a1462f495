"""Native threads make pictures while the event loop turns, and refuse what would have to wait too long."""

import os
import threading

import gevent
import gevent.monkey
import pytest
import pyvips

from origin.errors import BrokenImage, NotAnImage, Overloaded, TooCostly
from origin.imaging import native as native_module
from origin.imaging.admission import Bounds
from origin.imaging.job import Job, Rendered
from origin.imaging.libvips import abilities
from origin.imaging.limits import Limits
from origin.imaging.native import NativePool
from origin.recipe import OutputFormat, Recipe, Resize
from tests import pictures

LIMITS = Limits(source_pixels=50_000_000, result_side_px=8192)


def size(rendered: Rendered) -> tuple[int, int]:
    image = pictures.decoded(rendered.body)
    return image.width, image.height


def job(width_px: int = 0, name: OutputFormat | None = None) -> Job:
    return Job(Recipe(resize=Resize(width_px=width_px), format=name), LIMITS)


class Gate:
    """Stands in for `transform`: holds native threads up until it is opened."""

    def __init__(self) -> None:
        # A lock of the interpreter's own, which blocks a native thread whatever gevent has patched.
        self._closed = gevent.monkey.get_original("_thread", "allocate_lock")()
        self._closed.acquire()
        self.entered: list[int] = []

    def __call__(self, body: bytes, what: Job) -> Rendered:
        self.entered.append(threading.get_native_id())
        self._closed.acquire()
        self._closed.release()
        return Rendered(body, "image/png", str(what.recipe.resize.width_px), "", 0.0)

    def open(self) -> None:
        self._closed.release()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    gate = Gate()
    monkeypatch.setattr(native_module, "transform", gate)
    return gate


def test_returns_what_transform_returns() -> None:
    rendered = NativePool(1, Bounds(0, 10)).transform(pictures.png(), job(32, OutputFormat.WEBP))
    assert (rendered.media_type, rendered.suffix) == ("image/webp", "webp")
    assert size(rendered) == (32, 32)
    assert pictures.near(pictures.decoded(rendered.body), 4, 4, pictures.RED)
    assert rendered.transform_s > 0


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".avif", ".gif", ".tif"])
def test_no_format_that_is_read_counts_as_untrusted(suffix: str) -> None:
    rendered = NativePool(1, Bounds(0, 10)).transform(pictures.encoded(pictures.quarters(), suffix), job(16))
    assert size(rendered) == (16, 16)


def test_raises_what_transform_raises() -> None:
    native = NativePool(1, Bounds(0, 10))
    with pytest.raises(NotAnImage):
        native.transform(b"no picture", job())
    with pytest.raises(BrokenImage):
        native.transform(pictures.png()[:100], job())
    with pytest.raises(TooCostly):
        native.transform(pictures.png(), Job(Recipe(), Limits(10, 10)))


def test_a_fault_of_ours_comes_out_as_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(body: bytes, what: Job) -> Rendered:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(native_module, "transform", broken)
    with pytest.raises(ZeroDivisionError, match="ours"):
        NativePool(1, Bounds(0, 10)).transform(b"", job())


def test_a_failure_gives_its_place_back() -> None:
    native = NativePool(1, Bounds(0, 10))
    for _ in range(3):
        with pytest.raises(NotAnImage):
            native.transform(b"no picture", job())
    assert size(native.transform(pictures.png(), job(8))) == (8, 8)


def test_is_overloaded_when_every_thread_is_busy_and_nobody_may_wait(gate: Gate) -> None:
    native = NativePool(1, Bounds(0, 10))
    first = gevent.spawn(native.transform, b"first", job())
    gevent.sleep(0)
    with pytest.raises(Overloaded, match="1 pictures"):
        native.transform(b"second", job())
    gate.open()
    assert first.get(timeout=10).body == b"first"
    assert native.transform(b"third", job()).body == b"third"


def test_whoever_waits_too_long_to_be_begun_is_told_so(gate: Gate) -> None:
    native = NativePool(1, Bounds(5, 0.05))
    first, second = (gevent.spawn(native.transform, body, job()) for body in (b"first", b"second"))
    gevent.sleep(0.1)
    gate.open()
    assert first.get(timeout=10).body == b"first"
    with pytest.raises(Overloaded, match="waited too long"):
        second.get(timeout=10)


def test_a_place_is_taken_until_the_thread_is_done_and_not_until_nobody_waits(gate: Gate) -> None:
    native = NativePool(1, Bounds(0, 10))
    gone = gevent.spawn(native.transform, b"", job())
    gevent.sleep(0.05)
    gone.kill()
    with pytest.raises(Overloaded):
        native.check_room()
    gate.open()
    with gevent.Timeout(10):
        while native.trouble():
            gevent.sleep(0.01)
    native.check_room()


def test_as_many_wait_as_may_and_each_gets_its_own(gate: Gate) -> None:
    native = NativePool(2, Bounds(3, 10))
    waiting = [gevent.spawn(native.transform, b"", job(width_px)) for width_px in range(5)]
    gevent.sleep(0)
    with pytest.raises(Overloaded, match="5 pictures"):
        native.transform(b"", job())
    assert len(gate.entered) <= 2
    gate.open()
    gevent.joinall(waiting, timeout=10, raise_error=True)
    assert [rendered.value.suffix for rendered in waiting] == list("01234")


@pytest.mark.parametrize(("name", "width_px", "least", "most"), [("avif", 1000, 5, 120), ("jpg", 100, 301, 302)])
def test_dear_pictures_take_up_more_of_the_wait_than_cheap_ones(
    gate: Gate, name: str, width_px: int, least: int, most: int
) -> None:
    native = NativePool(2, Bounds(300, 20))
    body = bytes(1_000_000)
    asked = [gevent.spawn(native.transform, body, job(width_px, OutputFormat(name))) for _ in range(350)]
    gevent.sleep(0)
    let_in = sum(not greenlet.ready() for greenlet in asked)
    assert least <= let_in <= most
    assert all(type(greenlet.exception) is Overloaded for greenlet in asked if greenlet.ready())
    gate.open()
    gevent.joinall(asked, timeout=20)
    native.check_room()


def test_pictures_made_at_once_are_not_mixed_up() -> None:
    native = NativePool(2, Bounds(20, 10))
    sources = [pictures.png(), b"no picture", pictures.jpeg(48, 48), pictures.png()[:99]] * 4
    made = [gevent.spawn(native.transform, body, job(at + 1)) for at, body in enumerate(sources)]
    gevent.joinall(made, timeout=20)
    for at, (body, greenlet) in enumerate(zip(sources, made, strict=True)):
        if greenlet.successful():
            assert size(greenlet.value)[0] == at + 1
        else:
            assert isinstance(greenlet.exception, NotAnImage if body == b"no picture" else BrokenImage)


def test_pixels_are_made_outside_the_thread_of_the_event_loop(gate: Gate) -> None:
    gate.open()
    NativePool(1, Bounds(0, 10)).transform(b"", job())
    assert len(gate.entered) == 1
    assert gate.entered != [threading.get_native_id()]


def test_whoever_makes_pixels_gives_way_to_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    nice: list[int] = []

    def noted(body: bytes, what: Job) -> Rendered:
        nice.append(os.getpriority(os.PRIO_PROCESS, 0))
        return Rendered(body, "image/png", "png", "", 0.0)

    monkeypatch.setattr(native_module, "transform", noted)
    before = os.getpriority(os.PRIO_PROCESS, 0)
    NativePool(1, Bounds(0, 10)).transform(b"", job())
    assert nice == [max(before, 10)]
    assert os.getpriority(os.PRIO_PROCESS, 0) == before


def test_the_event_loop_turns_while_a_large_picture_is_made() -> None:
    noise = pyvips.Image.gaussnoise(2400, 1600, mean=128, sigma=30).cast("uchar")
    body = pictures.encoded(noise.bandjoin([noise, noise]).copy(interpretation="srgb"), ".jpg")
    native = NativePool(1, Bounds(0, 10))
    ticks: list[bool] = []
    making = gevent.spawn(native.transform, body, job(name=OutputFormat.WEBP))

    def tick() -> None:
        while not making.ready():
            gevent.sleep(0.005)
            ticks.append(making.ready())

    gevent.spawn(tick).get(timeout=60)
    rendered = making.get()
    assert size(rendered)[0] == 2400
    # A loop held up by the picture would tick once or twice; a busy machine may lose some.
    assert len(ticks) >= rendered.transform_s / 0.005 / 10
    assert len(ticks) >= 5


def test_the_encoders_version_enters_with_its_name() -> None:
    assert abilities().encoder_version.startswith(f"libvips-{pyvips.version(0)}.{pyvips.version(1)}.")
