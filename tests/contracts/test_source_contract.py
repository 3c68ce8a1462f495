"""What every source promises, whatever it reads from."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest

from origin.errors import SourceMissing, TooCostly
from origin.recipe import Scheme, SourceRef
from origin.sources.http import HttpSource
from origin.sources.local import LocalSource
from origin.sources.router import Source, Sources
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
    """A source that has `BODIES`."""

    source: Source
    ref: Callable[[str], SourceRef]

    def fetch(self, path: str) -> bytes:
        return self.source.fetch(self.ref(path))


def _without_deadline(_seconds: float, _error: Exception) -> AbstractContextManager[object]:
    return nullcontext()


def _on_the_web(_folder: Path) -> Iterator[Subject]:
    with SourceServer(BODIES) as server:
        source = HttpSource(loopback_settings(max_bytes=MAX_BYTES), _without_deadline)
        yield Subject(source, lambda path: SourceRef(Scheme.HTTP, server.url(path)))


def _in_a_directory(folder: Path) -> Iterator[Subject]:
    for path, body in BODIES.items():
        file = folder / path[1:]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
    source = LocalSource(folder, MAX_BYTES, lambda call: call())
    yield Subject(source, lambda path: SourceRef(Scheme.LOCAL, f"local://{path}"))


def _behind_the_router(folder: Path) -> Iterator[Subject]:
    for subject in _in_a_directory(folder):
        yield Subject(Sources({Scheme.LOCAL: subject.source}, ()), subject.ref)


@pytest.fixture(params=[_on_the_web, _in_a_directory, _behind_the_router], ids=["http", "local", "router"])
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Subject]:
    yield from request.param(tmp_path)


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
