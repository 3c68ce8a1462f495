"""Every way to fail: its status, problem details, a short life in caches, one log line, and no worker lost."""

import re
import socket
import struct
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from origin.client import path_for, sign_path
from tests.pictures import encoded, jpeg, png, quarters
from tests.service.conftest import RING, Service
from tests.webserver import SourceServer


@pytest.fixture(scope="module")
def source() -> Iterator[SourceServer]:
    bodies = {
        "/good.jpg": jpeg(),
        "/page.jpg": b"<!doctype html><title>not a picture</title>",
        "/empty.jpg": b"",
        "/cut.jpg": jpeg(400, 300)[:2000],
        "/garbage.png": b"\x89PNG\r\n\x1a\n" + b"garbage" * 100,
        "/heavy.png": png() + bytes(2_000_000),
        "/heic.heic": b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00heicmif1" + bytes(100),
        "/scan.pdf": b"%PDF-1.7\n" + bytes(100),
        "/huge.png": header_only_png(20_000, 20_000),
        "/long.png": encoded(quarters(4000, 8)),
    }
    with SourceServer(bodies) as running:
        yield running


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> Iterator[Service]:
    """A service with tight limits, so that each of them can be met."""
    environ = {
        "BLENDBEAT_LOCAL_ROOT": str(pictures),
        "BLENDBEAT_MAX_SOURCE_BYTES": "1000000",
        "BLENDBEAT_SOURCE_READ_TIMEOUT_S": "0.5",
        "BLENDBEAT_SOURCE_TIMEOUT_S": "1",
        "BLENDBEAT_MAX_RESULT_SIDE_PX": "2000",
    }
    running = Service(tmp_path_factory.mktemp("strict") / "log", environ)
    yield running
    assert running.stop() == 0
    log = running.log.read_text()
    assert "Traceback" not in log
    assert len(re.findall("Booting worker", log)) == 1


def header_only_png(width: int, height: int) -> bytes:
    """A PNG that declares a size and has no pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("path", "options", "status", "slug"),
    [
        ("/good.jpg", "blurr:5", 400, "bad-recipe"),
        ("/good.jpg", "w:many", 400, "bad-recipe"),
        ("/good.jpg", "q:0", 400, "bad-recipe"),
        ("/good.jpg", "dpr:nan", 400, "bad-recipe"),
        ("/good.jpg", "exp:1", 410, "expired"),
        ("/nothing.jpg", "w:10", 404, "source-missing"),
        ("/status/410", "w:10", 404, "source-missing"),
        ("/status/403", "w:10", 502, "source-failed"),
        ("/status/500", "w:10", 502, "source-failed"),
        ("/page.jpg", "w:10", 415, "not-an-image"),
        ("/empty.jpg", "w:10", 415, "not-an-image"),
        ("/heic.heic", "w:10", 422, "broken-image"),
        ("/scan.pdf", "w:10", 415, "not-an-image"),
        ("/cut.jpg", "w:10", 422, "broken-image"),
        ("/garbage.png", "w:10", 422, "broken-image"),
        ("/heavy.png", "w:10", 422, "too-costly"),
        ("/large", "w:10", 422, "too-costly"),
        ("/large-chunked", "w:10", 422, "too-costly"),
        ("/huge.png", "w:10", 422, "too-costly"),
        ("/long.png", "h:8", 422, "too-costly"),
        ("/good.jpg", "rs:force:2001:10:1", 422, "too-costly"),
        ("/good.jpg", "f:heic", 422, "cannot-write"),
        ("/cut", "w:10", 502, "source-failed"),
        ("/redirect-loop", "w:10", 502, "source-failed"),
        ("/redirect-to?url=ftp://x/", "w:10", 502, "source-failed"),
        ("/hang", "w:10", 504, "source-timeout"),
        ("/drip", "w:10", 504, "source-timeout"),
        ("/slow-headers", "w:10", 504, "source-timeout"),
    ],
)
def test_each_failure_has_its_status(
    strict: Service, source: SourceServer, path: str, options: str, status: int, slug: str
) -> None:
    request_id = f"{slug}{path}/{options}".replace("?", "/")
    started_s = time.monotonic()
    reply = strict.get(source.url(path), options, X_Request_Id=request_id)
    assert reply.problem["type"] == f"urn:blendbeat:problem:{slug}", reply.body
    assert reply.status == status
    assert time.monotonic() - started_s < 3
    assert re.fullmatch(r"no-store|public, max-age=10", reply.headers["cache-control"])
    assert reply.headers["x-content-type-options"] == "nosniff"
    (line,) = [line for line in strict.lines() if line["request_id"] == request_id]
    assert (line["status"], line["outcome"]) == (status, slug)
    assert strict.get(source.url("/good.jpg"), "w:10").status == 200


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/wrong/w:1/plain/local:///a.jpg", 403),
        ("//w:1/plain/local:///a.jpg", 403),
        ("/unsafe/w:1/plain/local:///a.jpg", 403),
        ("/_/w:1/plain/local:///a.jpg", 403),
        ("/favicon.ico", 404),
        ("/health/", 403),
        ("/resize", 403),
        ("/x/%ff%fe", 403),
        ("/x/%0a", 403),
        ("/%ff", 404),
        ("/x/" + "a" * 7000, 403),
    ],
)
def test_what_was_not_signed_is_refused_before_it_is_read(strict: Service, target: str, status: int) -> None:
    reply = strict.ask("GET", target)
    assert reply.problem["status"] == status


@pytest.mark.parametrize(
    "name",
    [
        "local:///../secret.txt",
        "local:///a/../../secret.txt",
        "local:///./a.jpg",
        "local:///link.jpg",
        "local:///linked/secret.txt",
        "local:///..%2Fsecret.txt",
        "local:////etc/passwd",
    ],
)
def test_there_is_no_way_out_of_the_local_root(strict: Service, pictures: Path, name: str) -> None:
    outside = pictures.parent / "outside"
    outside.mkdir(exist_ok=True)
    (outside / "secret.txt").write_bytes(jpeg())
    for link, target in (("link.jpg", outside / "secret.txt"), ("linked", outside)):
        if not (pictures / link).is_symlink():
            (pictures / link).symlink_to(target)
    assert strict.get(name, "w:10").status in (403, 404)


@pytest.mark.parametrize("encoded_name", ["plain/local:///%2e%2e/secret", "plain/local:///%2e%2e%2fsecret"])
def test_encoding_is_no_way_out_either(strict: Service, encoded_name: str) -> None:
    assert strict.ask("GET", sign_path(RING, f"/w:10/{encoded_name}")).problem["status"] == 403


@pytest.mark.parametrize("encoded_name", ["plain/local:///a%00.jpg", "plain/https://x/%0d%0ax"])
def test_control_characters_name_nothing(strict: Service, encoded_name: str) -> None:
    assert strict.ask("GET", sign_path(RING, f"/w:10/{encoded_name}")).problem["status"] == 400


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1/a.jpg", "http://localhost:1/a", "http://[::1]:1/a", "http://169.254.169.254/latest/meta-data"],
)
def test_private_addresses_are_refused_unless_opened(tmp_path: Path, url: str) -> None:
    closed = Service(tmp_path / "log", {"BLENDBEAT_ALLOWED_NETWORKS": ""})
    try:
        assert closed.get(url, "w:10").problem["type"].endswith("source-forbidden")
    finally:
        assert closed.stop() == 0


@pytest.mark.parametrize(
    ("path", "said"),
    [("/cut", "sent less than it announced"), ("/status/500", "answered 500"), ("/hang", "silent for too long")],
)
def test_an_operator_is_told_what_a_source_did(strict: Service, source: SourceServer, path: str, said: str) -> None:
    assert said in strict.get(source.url(path), "w:11").problem["detail"]


@pytest.mark.parametrize(
    ("url", "said"),
    [("http://127.0.0.1:1/a", "refuses the connection"), ("http://no.such.invalid/a", "does not resolve")],
)
def test_an_operator_is_told_why_a_source_cannot_be_reached(strict: Service, url: str, said: str) -> None:
    assert said in strict.get(url, "w:11").problem["detail"]


@pytest.mark.parametrize("name", ["a" * 64 + ".example", "a" * 300, "a..b", "xn--a"])
def test_what_cannot_be_a_name_is_like_one_that_nobody_has(strict: Service, name: str) -> None:
    assert "does not resolve" in strict.get(f"http://{name}/a.jpg", "w:11").problem["detail"]
    assert "Traceback" not in strict.log.read_text()


def test_only_allowed_sources_are_fetched_redirects_included(tmp_path: Path) -> None:
    with SourceServer({"/public/a.jpg": jpeg(), "/private/a.jpg": jpeg()}) as source:
        allowed = f"{source.url('/public/')},{source.url('/redirect')}"
        picky = Service(tmp_path / "log", {"BLENDBEAT_ALLOWED_SOURCES": allowed})
        try:
            assert picky.get(source.url("/public/a.jpg"), "w:10").status == 200
            assert picky.get(source.url("/private/a.jpg"), "w:10").status == 403
            assert picky.get(source.url("/public/../private/a.jpg"), "w:10").status == 403
            assert picky.get(source.url("/redirect-to?url=/public/a.jpg"), "w:10").status == 200
            assert picky.get(source.url("/redirect-to?url=/private/a.jpg"), "w:10").status == 403
            assert picky.get("local:///a.jpg", "w:10").status == 403
            assert source.count("/private/a.jpg") == 0
        finally:
            assert picky.stop() == 0


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE"])
def test_a_picture_can_only_be_got(strict: Service, method: str) -> None:
    reply = strict.ask(method, sign_path(RING, path_for("local:///a.jpg", ["w:1"])))
    assert reply.problem["status"] == 405
    assert reply.headers["allow"] == "GET, HEAD, OPTIONS"


def test_bytes_that_are_no_http_harm_nobody(strict: Service) -> None:
    for noise in (
        b"\x16\x03\x01\x02\x00garbage\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /a b c HTTP/9.9\r\n\r\n",
        b"\x00" * 9000,
    ):
        with socket.create_connection(("127.0.0.1", strict.port), timeout=5) as sock:
            sock.sendall(noise)
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(4096):
                pass
    assert strict.ask("GET", "/health").status == 200
