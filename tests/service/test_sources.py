"""What sources are asked by the whole program, as its settings say."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.memcached import wait_until
from tests.pictures import decoded, jpeg
from tests.s3server import ENVIRON, S3Server
from tests.service.conftest import Service
from tests.webserver import FLOODS, SourceServer

WRITTEN = "Wed, 21 Oct 2015 07:28:00 GMT"


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> Iterator[Service]:
    """A service that uses nothing again without asking."""
    environ = {"BLENDBEAT_LOCAL_ROOT": str(pictures), "BLENDBEAT_SOURCE_FRESH_S": "0"}
    running = Service(tmp_path_factory.mktemp("asking") / "log", environ)
    yield running
    assert running.stop() == 0, running.log.read_text()


def test_another_width_of_an_unchanged_picture_costs_a_304(asking: Service) -> None:
    with SourceServer({"/photo.jpg": jpeg(64, 48)}) as source:
        source.etags["/photo.jpg"], source.modified["/photo.jpg"] = 'W/"1"', WRITTEN
        replies = [asking.get(source.url("/photo.jpg"), f"w:{width}") for width in (20, 30, 40)]
        assert {reply.status for reply in replies} == {200}
        assert [seen.headers.get("if-none-match") for seen in source.seen] == [None, 'W/"1"', 'W/"1"']
        assert source.connections == 1


def test_another_width_of_a_changed_picture_is_made_of_the_new_one(asking: Service) -> None:
    with SourceServer() as source:
        for tag, height_px in (('"1"', 48), ('"2"', 64)):
            source.bodies["/photo.jpg"], source.etags["/photo.jpg"] = jpeg(64, height_px), tag
            reply = asking.get(source.url("/photo.jpg"), "w:64", f"cb:{height_px}")
            assert decoded(reply.body).height == height_px


def test_changed_file_is_seen_by_the_next_variant(service: Service, pictures: Path) -> None:
    for height_px in (48, 64):
        (pictures / "rewritten.jpg").write_bytes(jpeg(64, height_px))
        reply = service.get("local:///rewritten.jpg", "w:64", f"cb:{height_px}")
        assert decoded(reply.body).height == height_px


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that leaves a host alone for two seconds after two failures, and whose variants are fresh for one."""
    environ = {
        "BLENDBEAT_SOURCE_FAILURES": "2",
        "BLENDBEAT_SOURCE_PAUSE_S": "2",
        "BLENDBEAT_SOURCE_FRESH_S": "0",
        "BLENDBEAT_TTL_S": "1",
        "BLENDBEAT_STALE_S": "0",
    }
    running = Service(tmp_path_factory.mktemp("impatient") / "log", environ)
    yield running
    assert running.stop() == 0, running.log.read_text()


def test_a_host_that_fails_is_left_alone_and_old_variants_stand_in(impatient: Service) -> None:
    with SourceServer({"/photo.jpg": jpeg(64, 48)}) as source:
        old = impatient.get(source.url("/photo.jpg"), "w:20")
        assert old.status == 200
        wait_until(lambda: "ttl=0" in impatient.get(source.url("/photo.jpg"), "w:20").headers["cache-status"])
        source.raw["/photo.jpg"] = b"HTTP/1.1 503 Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        for width in (21, 22):
            assert impatient.get(source.url("/photo.jpg"), f"w:{width}").status == 502
        asked = source.count()
        refused = impatient.get(source.url("/photo.jpg"), "w:23")
        assert refused.problem["type"] == "urn:blendbeat:problem:source-unavailable"
        assert (refused.status, refused.headers["cache-control"]) == (503, "no-store")
        assert 1 <= int(refused.headers["retry-after"]) <= 2
        assert impatient.get(source.url("/photo.jpg"), "w:20").body == old.body
        assert source.count() == asked
        del source.raw["/photo.jpg"]
        wait_until(lambda: impatient.get(source.url("/photo.jpg"), "w:24").status == 200)
    assert "is left alone for a while" in impatient.log.read_text()
    assert "answers again" in impatient.log.read_text()


def test_pictures_that_fail_do_not_close_their_host_for_others(impatient: Service) -> None:
    with SourceServer({f"/{number}.jpg": jpeg(64, 48) for number in range(3)}) as source:
        for number in range(3):
            assert impatient.get(source.url(f"/{number}.jpg"), "w:20").status == 200
            statuses = [impatient.get(source.url(f"/status/{500 + path}"), "w:20").status for path in range(5)]
            assert set(statuses) <= {502, 503}


def test_a_slow_host_holds_no_other_up(tmp_path: Path) -> None:
    environ = {"BLENDBEAT_SOURCE_CONCURRENCY": "2", "BLENDBEAT_SOURCE_CONNECT_TIMEOUT_S": "0.2"}
    with SourceServer() as slow, SourceServer({"/photo.jpg": jpeg(64, 48)}) as quick, ThreadPoolExecutor() as pool:
        service = Service(tmp_path / "log", environ)
        try:
            waiting = [pool.submit(service.get, slow.url(f"/hang?{number}"), "w:20") for number in range(2)]
            wait_until(lambda: slow.count("/hang") == 2)
            assert service.get(slow.url("/ok"), "w:20").problem["status"] == 503
            assert service.get(quick.url("/photo.jpg"), "w:20").status == 200
            slow.stopping.set()
            assert {reply.result(20).status for reply in waiting} == {502}
        finally:
            assert service.stop() == 0


@pytest.mark.parametrize("kind", FLOODS)
def test_a_source_that_floods_holds_nobody_up(flooded: Service, kind: str) -> None:
    with SourceServer() as source, ThreadPoolExecutor() as pool:
        waiting = pool.submit(flooded.get, source.flood(kind), "w:20")
        wait_until(lambda: source.flooded_bytes > 0 or waiting.done())
        for _ in range(3):
            assert flooded.ask("GET", "/health").status == 200
        assert waiting.result(20).status in (502, 504)


@pytest.fixture(scope="module")
def flooded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that would fetch a gigabyte, and has a second for it."""
    environ = {
        "BLENDBEAT_MAX_SOURCE_BYTES": "1000000000",
        "BLENDBEAT_SOURCE_TIMEOUT_S": "1",
        "BLENDBEAT_SOURCE_FAILURES": "100",
    }
    running = Service(tmp_path_factory.mktemp("flooded") / "log", environ)
    yield running
    assert running.stop() == 0
    log = running.log.read_text()
    assert "Traceback" not in log
    assert log.count("Booting worker") == 1


@pytest.fixture(scope="module")
def store() -> Iterator[S3Server]:
    with S3Server("photos", "private") as running:
        yield running


def test_pictures_come_from_named_buckets_alone(tmp_path: Path, store: S3Server) -> None:
    for bucket in ("photos", "private"):
        store.client.put_object(Bucket=bucket, Key="a/b c.jpg", Body=jpeg(64, 48))
    environ = {
        **ENVIRON,
        "BLENDBEAT_S3_BUCKETS": "photos, absent",
        "BLENDBEAT_S3_ENDPOINT": store.endpoint,
        "BLENDBEAT_ALLOWED_NETWORKS": "",
        "BLENDBEAT_SOURCE_FRESH_S": "0",
    }
    service = Service(tmp_path / "log", environ)
    try:
        for width in (20, 30):
            assert decoded(service.get("s3://photos/a/b c.jpg", f"w:{width}").body).width == width
        assert service.get("s3://photos/a/b%20c.jpg", "w:20").status == 404
        assert service.get("s3://photos/nothing.jpg", "w:20").status == 404
        assert service.get("s3://absent/a.jpg", "w:20").status == 404
        assert service.get("s3://private/a/b c.jpg", "w:20").status == 403
    finally:
        assert service.stop() == 0
    assert "Traceback" not in service.log.read_text()


def test_without_a_named_bucket_there_is_no_s3_and_its_library_is_not_loaded(service: Service) -> None:
    assert service.get("s3://photos/a.jpg", "w:20").problem["type"] == "urn:blendbeat:problem:source-forbidden"
    done = subprocess.run(
        [sys.executable, "-c", "import sys, origin.app; print('boto3' in sys.modules or 'botocore' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "False\n"
