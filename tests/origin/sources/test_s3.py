import gzip
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from origin.errors import (
    OriginError,
    SourceDown,
    SourceFailed,
    SourceForbidden,
    SourceMissing,
    SourceTimeout,
    TooCostly,
)
from origin.recipe import Scheme, SourceRef
from origin.settings import SourceSettings
from origin.sources.held import SourceImage, Validators
from origin.sources.s3 import S3Source, connect
from tests.origin.sources.fetching import refused, without_deadline
from tests.s3server import ENVIRON, MAX_BYTES, S3Server
from tests.webserver import SourceServer, loopback_settings


@pytest.fixture(scope="module")
def store() -> Iterator[S3Server]:
    with S3Server("photos") as server:
        yield server


@pytest.fixture
def source(store: S3Server) -> S3Source:
    return S3Source(connect(store.settings), store.settings, without_deadline)


@pytest.fixture
def pretender(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[SourceServer, S3Source]]:
    """A server that is no store, and a source that takes it for one."""
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    with SourceServer() as server:
        yield server, of(settings_for(server.url("")))


def settings_for(endpoint: str) -> SourceSettings:
    return loopback_settings(
        s3_buckets=("photos",),
        s3_endpoint=endpoint,
        s3_region="us-east-1",
        max_bytes=MAX_BYTES,
        read_timeout_s=0.3,
        connect_timeout_s=0.3,
    )


def of(settings: SourceSettings) -> S3Source:
    return S3Source(connect(settings), settings, without_deadline)


def ref(key: str, bucket: str = "photos") -> SourceRef:
    return SourceRef(Scheme.S3, f"s3://{bucket}/{key}")


class Refusing:
    """A client whose every request ends in *error*."""

    def __init__(self, error: Exception) -> None:
        self.get_object: Callable[..., Any] = lambda **_: self._fail(error)

    def _fail(self, error: Exception) -> None:
        raise error


def answered(status: int, code: str) -> ClientError:
    details = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(details, "GetObject")


KEYS = [
    "a b.jpg",
    "a+b.jpg",
    "a%20b.jpg",
    "a%2Fb.jpg",
    "%",
    "..a.jpg",
    "a../.b.jpg",
    ".../a.jpg",
    "..\\a.jpg",
    "%2e%2e/a.jpg",
    "a//b.jpg",
    "/a.jpg",
    "a.jpg?versionId=null",
    "?a=b",
    "#a",
    "a#b.jpg",
    "a;b,c=d&e.jpg",
    "a\\b.jpg",
    "a:b@c.jpg",
    "ü/日本.jpg",
    "e\u0301.jpg",
    "x" * 1024,
]


@pytest.mark.parametrize("key", KEYS)
def test_key_is_taken_literally(store: S3Server, source: S3Source, key: str) -> None:
    store.client.put_object(Bucket="photos", Key=key, Body=key.encode())
    image = source.fetch(ref(key))
    assert image is not None
    assert image.body == key.encode()
    store.client.delete_object(Bucket="photos", Key=key)
    with pytest.raises(SourceMissing):
        source.fetch(ref(key))


@pytest.mark.parametrize("key", ["", "x" * 1025, "\udcff", "ü" * 600])
def test_what_cannot_be_a_key_is_missing(source: S3Source, key: str) -> None:
    with refused(SourceMissing):
        source.fetch(ref(key))


@pytest.mark.parametrize(
    "url",
    [
        "s3://private/a.jpg",
        "s3://PHOTOS/a.jpg",
        "s3://photos.private/a.jpg",
        "s3://photos@private/a.jpg",
        "s3://private@photos/a.jpg",
        "s3://photos:80/a.jpg",
        "s3:///photos/a.jpg",
        "s3://photos\\a.jpg",
        "s3://photos?/a.jpg",
        "s3://",
        "s3://../photos/a.jpg",
        "s3://photos%2fa.jpg",
    ],
)
def test_bucket_that_is_not_named_is_forbidden_unasked(store: S3Server, url: str) -> None:
    store.client.put_object(Bucket="photos", Key="a.jpg", Body=b"picture")
    with refused(SourceForbidden):
        S3Source(Refusing(AssertionError()), store.settings, without_deadline).fetch(SourceRef(Scheme.S3, url))


@pytest.mark.parametrize("key", ["../private/a.jpg", "a/../b.jpg", "./a.jpg", "a/./b.jpg", "a/..", ".", ".."])
def test_key_with_a_segment_of_dots_is_forbidden_unasked(store: S3Server, key: str) -> None:
    with refused(SourceForbidden):
        S3Source(Refusing(AssertionError()), store.settings, without_deadline).fetch(ref(key))


def test_bucket_that_is_named_and_not_there_is_missing(store: S3Server) -> None:
    settings = replace(store.settings, s3_buckets=("absent",))
    with refused(SourceMissing) as caught:
        of(settings).fetch(ref("a.jpg", "absent"))
    assert "absent" in caught.value.detail


def test_tag_of_the_store_is_the_validator(store: S3Server, source: S3Source) -> None:
    tag = store.client.put_object(Bucket="photos", Key="a.jpg", Body=b"picture")["ETag"]
    assert source.fetch(ref("a.jpg")) == SourceImage(b"picture", Validators(tag))
    assert source.fetch(ref("a.jpg"), Validators(tag)) is None
    assert source.fetch(ref("a.jpg"), Validators("", "Wed, 21 Oct 2015 07:28:00 GMT")) is not None


def test_object_that_was_stored_compressed_is_decompressed_within_the_limit(store: S3Server, source: S3Source) -> None:
    for key, body in {"small.jpg": b"picture", "bomb.jpg": bytes(MAX_BYTES + 1)}.items():
        store.client.put_object(Bucket="photos", Key=key, Body=gzip.compress(body), ContentEncoding="gzip")
    fetched = source.fetch(ref("small.jpg"))
    assert fetched is not None
    assert fetched.body == b"picture"
    with refused(TooCostly):
        source.fetch(ref("bomb.jpg"))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (answered(404, "NoSuchKey"), SourceMissing),
        (answered(404, "NoSuchBucket"), SourceMissing),
        (answered(403, "AccessDenied"), SourceFailed),
        (answered(403, "InvalidAccessKeyId"), SourceFailed),
        (answered(403, "InvalidObjectState"), SourceFailed),
        (answered(400, "ExpiredToken"), SourceFailed),
        (answered(304, "304"), SourceFailed),
        (answered(429, "TooManyRequests"), SourceDown),
        (answered(503, "SlowDown"), SourceDown),
        (answered(500, "InternalError"), SourceDown),
        (ClientError({}, "GetObject"), SourceFailed),
        (NoCredentialsError(), SourceFailed),
    ],
)
def test_each_refusal_has_its_error(error: Exception, expected: type[OriginError]) -> None:
    source = S3Source(Refusing(error), settings_for("http://127.0.0.1:1"), without_deadline)
    with pytest.raises(expected) as caught:
        source.fetch(ref("a.jpg"))
    assert type(caught.value) is expected


def test_nobody_listening_is_a_host_that_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with refused(SourceDown):
            of(settings_for(endpoint)).fetch(ref("a.jpg"))


def test_silent_store_is_a_timeout_and_asked_twice_at_the_most(pretender: tuple[SourceServer, S3Source]) -> None:
    server, source = pretender
    server.hanging.add("/photos/a.jpg")
    with refused(SourceTimeout):
        source.fetch(ref("a.jpg"))
    assert server.count("/photos/a.jpg") == 2


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n", TooCostly),
        (b"HTTP/1.1 200 OK\r\n\r\n" + bytes(MAX_BYTES + 1), TooCostly),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", SourceFailed),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc", SourceFailed),
        (b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", SourceFailed),
        (b"garbage", SourceDown),
        (b"", SourceDown),
    ],
)
def test_answer_that_is_no_picture_is_an_error_of_the_source(
    pretender: tuple[SourceServer, S3Source], raw: bytes, expected: type[OriginError]
) -> None:
    server, source = pretender
    server.raw["/photos/a.jpg"] = raw
    with refused((expected, SourceFailed)):
        source.fetch(ref("a.jpg"))


def test_large_object_is_refused_before_it_is_read(pretender: tuple[SourceServer, S3Source]) -> None:
    server, source = pretender
    server.bodies["/photos/large.jpg"] = bytes(64_000_000)
    with refused(TooCostly):
        source.fetch(ref("large.jpg"))
    server.bodies["/photos/small.jpg"] = b"picture"
    assert source.fetch(ref("small.jpg")) == SourceImage(b"picture")


_PATCHED = """
from gevent import monkey; monkey.patch_all()
import sys, time
import gevent
from origin.concurrency import breathe, deadline
from origin.errors import OriginError
from origin.recipe import Scheme, SourceRef
from origin.sources.s3 import S3Source, connect
from tests.webserver import loopback_settings
settings = loopback_settings(
    s3_buckets=("photos",), s3_endpoint=sys.argv[1], s3_region="us-east-1", timeout_s=1.0, max_bytes=10**9
)
source = S3Source(connect(settings), settings, deadline, breathe)

def outcome(key):
    started_s = time.monotonic()
    try:
        source.fetch(SourceRef(Scheme.S3, f"s3://photos/{key}"))
        error = "none"
    except OriginError as caught:
        error = type(caught).__name__
    return f"{key} {error} {time.monotonic() - started_s}"

ticks = 0
def tick():
    global ticks
    while True:
        gevent.sleep(0.01)
        ticks += 1

ticker = gevent.spawn(tick)
started_s = time.monotonic()
for greenlet in [gevent.spawn(outcome, key) for key in sys.argv[2:]]:
    print(greenlet.get())
print("ticks", ticks, time.monotonic() - started_s)
"""


def test_fetches_wait_side_by_side_where_gevent_has_patched_and_each_has_its_deadline() -> None:
    with SourceServer({"/photos/ok": b"picture"}) as server:
        keys = [f"hang-{number}" for number in range(8)]
        server.hanging.update(f"/photos/{key}" for key in keys)
        server.dripping.add("/photos/drip")
        root = Path(__file__).parents[3]
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", _PATCHED, server.url(""), "ok", "drip", *keys],
            cwd=root,
            env={**os.environ, **ENVIRON, "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    lines = re.findall(r"^(\S+) (\S+) ([\d.]+)$", done.stdout, re.MULTILINE)
    outcomes = {key: (error, float(took_s)) for key, error, took_s in lines}
    ticks, took_s = outcomes.pop("ticks")
    assert outcomes.pop("ok")[0] == "none"
    for key, (error, waited_s) in outcomes.items():
        assert error == "SourceTimeout", key
        assert 0.9 < waited_s < 5, key
    # One after the other they would have taken ten seconds, and nothing would have ticked meanwhile.
    assert took_s < 5
    assert int(ticks) > 20
