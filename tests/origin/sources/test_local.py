import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from origin.errors import OriginError, SourceFailed, SourceForbidden, SourceMissing, TooCostly
from origin.recipe import Scheme, SourceRef
from origin.sources.held import SourceImage, Validators
from origin.sources.local import LocalSource

MAX_BYTES = 1000


def here(call: Callable[[], SourceImage | None]) -> SourceImage | None:
    """An offload that does not."""
    return call()


def ref(path: str) -> SourceRef:
    return SourceRef(Scheme.LOCAL, f"local://{path}")


def read(source: LocalSource, path: str) -> bytes:
    image = source.fetch(ref(path))
    assert image is not None
    return image.body


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A directory of sources, with a secret beside it."""
    (tmp_path / "secret.txt").write_bytes(b"secret")
    folder = tmp_path / "root"
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "a.jpg").write_bytes(b"picture")
    (folder / "deep" / "er" / "b.jpg").write_bytes(b"deeper")
    return folder


@pytest.fixture
def source(root: Path) -> LocalSource:
    return LocalSource(root, MAX_BYTES, here)


def test_file_is_read_as_it_is(source: LocalSource) -> None:
    assert read(source, "/a.jpg") == b"picture"


def test_file_in_a_sub_folder_is_read(source: LocalSource) -> None:
    assert read(source, "/deep/er/b.jpg") == b"deeper"


def test_repeated_slashes_are_one(source: LocalSource) -> None:
    assert read(source, "//deep///er//b.jpg") == b"deeper"


def test_every_byte_value_survives(source: LocalSource, root: Path) -> None:
    body = bytes(range(256)) + b"\r\n\x00"
    (root / "all.bin").write_bytes(body)
    assert read(source, "/all.bin") == body


@pytest.mark.parametrize(
    "name",
    [
        "two words.jpg",
        " leading.jpg",
        "trailing ",
        "été.jpg",
        "e\u0301te\u0301.jpg",
        "写真.jpg",
        "\U0001f3a8.png",
        "50%.jpg",
        "%2e%2e",
        "%2f.jpg",
        "what?.jpg",
        "#1.jpg",
        "a+b&c=d.jpg",
        "back\\slash.jpg",
        "..\\a.jpg",
        "...",
        "..jpg",
        "a..b",
        "-rf",
        "~root",
        "$HOME",
        "c:x.jpg",
        "*.jpg",
    ],
)
def test_name_is_taken_literally(source: LocalSource, root: Path, name: str) -> None:
    (root / name).write_bytes(b"odd")
    assert read(source, f"/{name}") == b"odd"


def test_root_reached_through_a_link_is_a_root(root: Path) -> None:
    link = root.parent / "link"
    link.symlink_to(root)
    assert read(LocalSource(link, MAX_BYTES, here), "/deep/er/b.jpg") == b"deeper"


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/..",
        "/.",
        "/./a.jpg",
        "/deep/../a.jpg",
        "/deep/../../secret.txt",
        "/deep/er/../../../secret.txt",
        "//../secret.txt",
        "/absent/../a.jpg",
        "../secret.txt",
        "/deep/..",
        "/a.jpg?/../../secret.txt",
        "/a.jpg#/../../secret.txt",
    ],
)
def test_dot_segments_are_refused_even_where_they_would_stay_inside(source: LocalSource, path: str) -> None:
    with pytest.raises(SourceForbidden):
        source.fetch(ref(path))


@pytest.mark.parametrize(
    "path", ["/..\\secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/\uff0e\uff0e/secret.txt"]
)
def test_what_only_looks_like_dot_segments_finds_nothing(source: LocalSource, path: str) -> None:
    with pytest.raises(SourceMissing):
        source.fetch(ref(path))


def test_absolute_path_is_meant_below_the_root(source: LocalSource, root: Path) -> None:
    with pytest.raises(SourceMissing):
        source.fetch(ref(str(root.parent / "secret.txt")))
    with pytest.raises(SourceMissing):
        source.fetch(ref("/etc/passwd"))


def test_link_to_a_file_outside_is_refused(source: LocalSource, root: Path) -> None:
    (root / "link.jpg").symlink_to(root.parent / "secret.txt")
    with pytest.raises(SourceForbidden):
        source.fetch(ref("/link.jpg"))


def test_link_to_a_file_inside_is_refused_too(source: LocalSource, root: Path) -> None:
    (root / "link.jpg").symlink_to("a.jpg")
    with pytest.raises(SourceForbidden):
        source.fetch(ref("/link.jpg"))


@pytest.mark.parametrize("target", ["absent", "loop.jpg"])
def test_link_to_nowhere_is_refused_like_any_other(source: LocalSource, root: Path, target: str) -> None:
    (root / "loop.jpg").symlink_to(target)
    with pytest.raises(SourceForbidden):
        source.fetch(ref("/loop.jpg"))


@pytest.mark.parametrize("target", ["..", "deep", "/"])
def test_nothing_is_read_through_a_link_to_a_directory(source: LocalSource, root: Path, target: str) -> None:
    (root / "link").symlink_to(target)
    for path in ("/link/secret.txt", "/link/er/b.jpg", "/link/etc/passwd"):
        with pytest.raises((SourceForbidden, SourceMissing)):
            source.fetch(ref(path))


def test_path_that_leads_through_a_link_is_missing(source: LocalSource, root: Path) -> None:
    (root / "link").symlink_to("deep")
    with pytest.raises(SourceMissing):
        source.fetch(ref("/link/er/b.jpg"))


def test_what_is_not_there_is_missing(source: LocalSource) -> None:
    for path in ("/absent.jpg", "/absent/a.jpg", "/a.jpg/b.jpg", "/deep/a.jpg", "/A.JPG"):
        with pytest.raises(SourceMissing):
            source.fetch(ref(path))


def test_name_longer_than_the_system_allows_is_missing(source: LocalSource) -> None:
    with pytest.raises(SourceMissing):
        source.fetch(ref("/" + "a" * 300))
    with pytest.raises(SourceMissing):
        source.fetch(ref("/deep/" + "é" * 200 + "/a.jpg"))


def test_path_of_very_many_segments_is_missing(source: LocalSource) -> None:
    with pytest.raises(SourceMissing):
        source.fetch(ref("/deep" * 2000))


def test_root_that_went_away_is_an_error_of_the_source(root: Path) -> None:
    with pytest.raises((SourceMissing, SourceFailed)):
        LocalSource(root / "gone", MAX_BYTES, here).fetch(ref("/a.jpg"))


@pytest.mark.parametrize("path", ["/deep", "/deep/", "/deep/er"])
def test_directory_is_no_picture(source: LocalSource, path: str) -> None:
    with pytest.raises(SourceMissing):
        source.fetch(ref(path))


def test_asking_for_a_directory_leaves_no_descriptor_open(source: LocalSource) -> None:
    before = _descriptors()
    for _ in range(5):
        _outcome(source, "/deep")
    after = _descriptors()
    for leaked in after - before:
        os.close(leaked)
    assert after == before


@pytest.mark.parametrize(
    "path", ["/a.jpg", "/absent", "/deep/absent", "/link.jpg", "/fifo", "/large", "/../x", "/a.jpg/b"]
)
def test_no_outcome_leaves_a_descriptor_open(source: LocalSource, root: Path, path: str) -> None:
    (root / "link.jpg").symlink_to("a.jpg")
    (root / "large").write_bytes(bytes(MAX_BYTES + 1))
    os.mkfifo(root / "fifo")
    before = _descriptors()
    for _ in range(5):
        _outcome(source, path)
    assert _descriptors() == before


def test_fifo_without_a_writer_does_not_hang(source: LocalSource, root: Path) -> None:
    os.mkfifo(root / "fifo.jpg")
    outcomes: list[object] = []
    thread = threading.Thread(target=lambda: outcomes.append(_outcome(source, "/fifo.jpg")), daemon=True)
    thread.start()
    thread.join(2)
    assert outcomes == [SourceMissing]


def test_fifo_with_a_writer_is_not_read(source: LocalSource, root: Path) -> None:
    os.mkfifo(root / "fifo.jpg")
    writer = os.open(root / "fifo.jpg", os.O_RDWR)
    try:
        os.write(writer, b"picture")
        assert _outcome(source, "/fifo.jpg") is SourceMissing
    finally:
        os.close(writer)


def test_socket_is_no_picture(source: LocalSource, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)  # the path of a socket is at most about a hundred bytes long
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket.jpg")
        assert _outcome(source, "/socket.jpg") in (SourceMissing, SourceFailed)


def test_file_of_exactly_the_limit_is_read(source: LocalSource, root: Path) -> None:
    (root / "full.jpg").write_bytes(b"x" * MAX_BYTES)
    assert len(read(source, "/full.jpg")) == MAX_BYTES


def test_file_above_the_limit_is_refused(source: LocalSource, root: Path) -> None:
    (root / "large.jpg").write_bytes(b"x" * (MAX_BYTES + 1))
    with pytest.raises(TooCostly, match="1001 bytes; at most 1000"):
        source.fetch(ref("/large.jpg"))


def test_sparse_file_of_a_terabyte_is_refused_unread(source: LocalSource, root: Path) -> None:
    with (root / "sparse.jpg").open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(TooCostly):
        source.fetch(ref("/sparse.jpg"))


def test_empty_file_is_read(source: LocalSource, root: Path) -> None:
    (root / "empty.jpg").touch()
    assert read(source, "/empty.jpg") == b""


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_file_without_permission_is_a_failure_of_the_source(source: LocalSource, root: Path) -> None:
    (root / "a.jpg").chmod(0)
    with pytest.raises(SourceFailed):
        source.fetch(ref("/a.jpg"))


@pytest.mark.parametrize("path", ["/a\x00.jpg", "/a.jpg\x00", "/\x00/b.jpg", "/\ud800.jpg", "/", "//", ""])
def test_path_that_no_file_can_have_is_an_origin_error(source: LocalSource, path: str) -> None:
    assert issubclass(_outcome(source, path), OriginError)


def test_messages_do_not_tell_where_the_root_is(source: LocalSource, root: Path) -> None:
    (root / "link.jpg").symlink_to("/etc/passwd")
    (root / "large.jpg").write_bytes(bytes(MAX_BYTES + 1))
    for path in ("/absent.jpg", "/link.jpg", "/large.jpg", "/../x"):
        with pytest.raises(OriginError) as caught:
            source.fetch(ref(path))
        assert str(root) not in caught.value.detail
        assert "passwd" not in caught.value.detail


def test_file_is_read_where_the_offload_says(root: Path) -> None:
    threads: list[str] = []

    def elsewhere(call: Callable[[], SourceImage | None]) -> SourceImage | None:
        images: list[SourceImage | None] = []
        thread = threading.Thread(target=lambda: images.append(call()), name="elsewhere")
        thread.start()
        thread.join()
        threads.append(thread.name)
        return images[0]

    assert read(LocalSource(root, MAX_BYTES, elsewhere), "/a.jpg") == b"picture"
    assert threads == ["elsewhere"]


def later() -> float:
    """When what the test has just written was written long ago."""
    return time.time() + 60


def test_unchanged_file_is_not_even_read(root: Path) -> None:
    source = LocalSource(root, MAX_BYTES, here, later)
    image = source.fetch(ref("/a.jpg"))
    assert image is not None
    assert image.validators
    opened: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fdopen", lambda *_args, **_options: opened.append("read"))
        assert source.fetch(ref("/a.jpg"), image.validators) is None
    assert opened == []


@pytest.mark.parametrize("keep_date", [False, True])
def test_file_of_the_same_size_in_its_place_is_another(root: Path, keep_date: bool) -> None:
    source = LocalSource(root, MAX_BYTES, here, later)
    before = source.fetch(ref("/a.jpg"))
    assert before is not None
    facts = (root / "a.jpg").stat()
    (root / "new").write_bytes(b"another")
    if keep_date:
        os.utime(root / "new", ns=(facts.st_atime_ns, facts.st_mtime_ns))
    (root / "new").rename(root / "a.jpg")
    after = source.fetch(ref("/a.jpg"), before.validators)
    assert after is not None
    assert (after.body, len(after.body)) == (b"another", len(before.body))


def test_file_written_in_place_and_given_its_old_date_is_another(root: Path) -> None:
    source = LocalSource(root, MAX_BYTES, here, later)
    before = source.fetch(ref("/a.jpg"))
    assert before is not None
    facts = (root / "a.jpg").stat()
    while (root / "a.jpg").stat().st_ctime_ns == facts.st_ctime_ns:
        (root / "a.jpg").write_bytes(b"another")
        os.utime(root / "a.jpg", ns=(facts.st_atime_ns, facts.st_mtime_ns))
    after = source.fetch(ref("/a.jpg"), before.validators)
    assert after is not None
    assert after.body == b"another"


@pytest.mark.parametrize("ago_s", [-3600, 0, 1.5])
def test_file_written_a_moment_ago_or_in_the_future_has_no_validators_yet(root: Path, ago_s: float) -> None:
    written_s = (root / "a.jpg").stat().st_ctime
    image = LocalSource(root, MAX_BYTES, here, lambda: written_s + ago_s).fetch(ref("/a.jpg"))
    assert image == SourceImage(b"picture")


def test_holding_something_does_not_open_what_is_closed(root: Path) -> None:
    source = LocalSource(root, 5, here, later)
    held = Validators('"1"')
    with pytest.raises(TooCostly):
        source.fetch(ref("/a.jpg"), held)
    with pytest.raises(SourceForbidden):
        source.fetch(ref("/../a.jpg"), held)


def _outcome(source: LocalSource, path: str) -> type[BaseException]:
    try:
        source.fetch(ref(path))
    except Exception as error:  # noqa: BLE001  which one it is, is the question
        return type(error)
    return StopIteration


def _descriptors() -> set[int]:
    return {int(link.name) for link in Path("/proc/self/fd").iterdir() if link.exists()}
