"""What every source promises, whatever it reads from."""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from origin.errors import SourceMissing, TooCostly
from origin.recipe import Scheme, SourceRef
from origin.sources.held import SourceImage, Validators
from origin.sources.http import HttpSource
from origin.sources.local import LocalSource
from origin.sources.router import Source, Sources
from origin.sources.s3 import S3Source, connect
from origin.sources.tier import SourceTier
from tests.s3server import S3Server
from tests.webserver import SourceServer, loopback_settings

MAX_BYTES = 100_000
EVERY_BYTE = bytes(range(256))
BODIES: Mapping[str, bytes] = {
    "/picture.jpg": b"\xff\xd8\xff" + EVERY_BYTE,
    "/deep/er/picture.jpg": b"deeper",
    "/empty.jpg": b"",
    "/full.jpg": b"x" * MAX_BYTES,
    "/large.jpg": b"x" * (MAX_BYTES + 1),
}


@dataclass(frozen=True, slots=True)
class Subject:
    """A source that has `BODIES`, all written long ago, and can be made to have others."""

    source: Source
    ref: Callable[[str], SourceRef]
    write: Callable[[str, bytes], None]

    def image(self, path: str) -> SourceImage:
        image = self.source.fetch(self.ref(path))
        assert image is not None
        return image

    def fetch(self, path: str) -> bytes:
        return self.image(path).body

    def fetch_unless(self, held: Validators, path: str = "/picture.jpg") -> SourceImage | None:
        return self.source.fetch(self.ref(path), held)


def _without_deadline(_seconds: float, _error: BaseException) -> AbstractContextManager[object]:
    return nullcontext()


def _on_the_web(tags: bool, dates: bool) -> Iterator[Subject]:
    with SourceServer() as server:
        written_at = iter(range(10, 60))

        def write(path: str, body: bytes) -> None:
            server.bodies[path] = body
            if tags:
                server.etags[path] = f'"{hashlib.sha256(body).hexdigest()}"'
            if dates:
                server.modified[path] = f"Wed, 21 Oct 2015 07:28:{next(written_at)} GMT"

        source = HttpSource(loopback_settings(max_bytes=MAX_BYTES), _without_deadline)
        yield Subject(source, lambda path: SourceRef(Scheme.HTTP, server.url(path)), write)


def _with_tags(_folder: Path) -> Iterator[Subject]:
    yield from _on_the_web(tags=True, dates=False)


def _with_dates(_folder: Path) -> Iterator[Subject]:
    yield from _on_the_web(tags=False, dates=True)


def _with_both(_folder: Path) -> Iterator[Subject]:
    yield from _on_the_web(tags=True, dates=True)


def _in_a_bucket(_folder: Path) -> Iterator[Subject]:
    with S3Server("photos") as server:
        source = S3Source(connect(server.settings), server.settings, _without_deadline)

        def write(path: str, body: bytes) -> None:
            server.client.put_object(Bucket="photos", Key=path[1:], Body=body)

        yield Subject(source, lambda path: SourceRef(Scheme.S3, f"s3://photos{path}"), write)


def _in_a_directory(folder: Path) -> Iterator[Subject]:
    def write(path: str, body: bytes) -> None:
        file = folder / path[1:]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)

    source = LocalSource(folder, MAX_BYTES, lambda call: call(), clock=lambda: time.time() + 3600)
    yield Subject(source, lambda path: SourceRef(Scheme.LOCAL, f"local://{path}"), write)


def _behind_the_router(folder: Path) -> Iterator[Subject]:
    for subject in _in_a_directory(folder):
        yield replace(subject, source=Sources({Scheme.LOCAL: subject.source}, ()))


def _kept_by_the_router(_folder: Path) -> Iterator[Subject]:
    for subject in _on_the_web(tags=True, dates=True):
        tier = SourceTier(8 * MAX_BYTES, fresh_s=0)
        yield replace(subject, source=Sources({Scheme.HTTP: subject.source}, (), tier=tier))


KINDS = {
    "http with tags": _with_tags,
    "http with dates": _with_dates,
    "http": _with_both,
    "s3": _in_a_bucket,
    "local": _in_a_directory,
    "router": _behind_the_router,
    "router with a tier": _kept_by_the_router,
}


@pytest.fixture(params=list(KINDS.values()), ids=list(KINDS))
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Subject]:
    for subject in request.param(tmp_path):
        for path, body in BODIES.items():
            subject.write(path, body)
        yield subject


@pytest.mark.parametrize("path", ["/picture.jpg", "/deep/er/picture.jpg", "/empty.jpg"])
def test_source_returns_exactly_the_bytes(subject: Subject, path: str) -> None:
    assert subject.fetch(path) == BODIES[path]


def test_bytes_are_immutable(subject: Subject) -> None:
    assert type(subject.fetch("/picture.jpg")) is bytes


def test_source_may_be_fetched_again_and_again(subject: Subject) -> None:
    assert {subject.fetch("/picture.jpg") for _ in range(3)} == {BODIES["/picture.jpg"]}


@pytest.mark.parametrize("path", ["/absent.jpg", "/deep/absent.jpg", "/absent/picture.jpg", "/picture.jpg/deeper.jpg"])
def test_what_is_not_there_is_missing(subject: Subject, path: str) -> None:
    with pytest.raises(SourceMissing):
        subject.fetch(path)


def test_source_of_exactly_the_limit_is_fetched(subject: Subject) -> None:
    assert len(subject.fetch("/full.jpg")) == MAX_BYTES


def test_source_above_the_limit_is_too_costly(subject: Subject) -> None:
    with pytest.raises(TooCostly):
        subject.fetch("/large.jpg")


def test_failure_leaves_the_source_usable(subject: Subject) -> None:
    for path in ("/absent.jpg", "/large.jpg"):
        with pytest.raises((SourceMissing, TooCostly)):
            subject.fetch(path)
    assert subject.fetch("/picture.jpg") == BODIES["/picture.jpg"]


def test_what_is_held_already_is_not_sent_again(subject: Subject) -> None:
    image = subject.image("/picture.jpg")
    assert image.validators
    assert subject.fetch_unless(image.validators) is None
    assert subject.fetch_unless(image.validators) is None


def test_validators_survive_as_facts(subject: Subject) -> None:
    facts = subject.image("/picture.jpg").validators.as_facts()
    assert subject.fetch_unless(Validators.from_facts(facts)) is None


def test_what_has_changed_is_sent_and_called_otherwise(subject: Subject) -> None:
    before = subject.image("/picture.jpg")
    subject.write("/picture.jpg", before.body[::-1])
    after = subject.fetch_unless(before.validators)
    assert after is not None
    assert after.body == before.body[::-1]
    assert after.validators != before.validators
    assert subject.fetch_unless(after.validators) is None


def test_validators_of_another_source_hold_nothing(subject: Subject) -> None:
    others = subject.image("/deep/er/picture.jpg").validators
    image = subject.fetch_unless(others)
    assert image is not None
    assert image.body == BODIES["/picture.jpg"]


@pytest.mark.parametrize(
    "held", [Validators('"of somebody else"'), Validators("", "yesterday"), Validators('W/"' + "x" * 900 + '"', "x")]
)
def test_garbage_holds_nothing(subject: Subject, held: Validators) -> None:
    image = subject.fetch_unless(held)
    assert image is not None
    assert image.body == BODIES["/picture.jpg"]


def test_holding_something_of_what_is_gone_does_not_bring_it_back(subject: Subject) -> None:
    with pytest.raises(SourceMissing):
        subject.fetch_unless(Validators('"1"'), "/absent.jpg")
