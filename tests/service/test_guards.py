"""What every answer tells a browser it must not do, whoever wrote the answer."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from origin.client import path_for, sign_path
from tests.pictures import jpeg
from tests.service import wire
from tests.service.conftest import ADMIN_TOKEN, RING, TOKEN, Service

CSP, CORP = "content-security-policy", "cross-origin-resource-policy"
CLOSED = "default-src 'none'; sandbox"


def headers_of(answer: bytes) -> dict[str, str]:
    lines = answer.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    return {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}


def is_closed(headers: Mapping[str, str]) -> bool:
    return (headers["x-content-type-options"], headers[CSP], headers[CORP]) == ("nosniff", CLOSED, "same-origin")


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/health", 200),
        ("HEAD", "/health", 200),
        ("OPTIONS", "/health", 204),
        ("DELETE", "/health", 405),
        ("GET", "/favicon.ico", 404),
        ("GET", "/wrong/w:1/plain/local:///a.jpg", 403),
        ("GET", sign_path(RING, "/w:x/plain/local:///a.jpg"), 400),
        ("GET", sign_path(RING, path_for("local:///absent.jpg", ["w:1"])), 404),
        ("GET", "/counters", 401),
        ("POST", "/resize", 401),
    ],
)
def test_what_is_no_picture_can_neither_run_nor_be_embedded(
    service: Service, method: str, target: str, status: int
) -> None:
    reply = service.ask(method, target)
    assert reply.status == status
    assert is_closed(reply.headers), reply.headers
    assert reply.headers["server"] == "blendBeat"


def test_that_goes_for_what_needs_a_token_too(service: Service) -> None:
    assert is_closed(service.ask("GET", "/counters", {"Authorization": f"Bearer {ADMIN_TOKEN}"}).headers)
    reply = service.ask("POST", "/resize", {"Authorization": f"Bearer {TOKEN}"}, jpeg())
    assert reply.status == 200
    assert is_closed(reply.headers)


@pytest.mark.parametrize("request_", [b"nonsense\r\n\r\n", b"GET /health HTTP/1.1\r\nX: \x00\r\n\r\n"])
def test_and_for_what_never_reached_the_application(service: Service, request_: bytes) -> None:
    headers = headers_of(wire.say(service.port, request_).data)
    assert is_closed(headers)
    assert "server" not in headers


def test_a_picture_may_be_embedded_by_any_site(service: Service, pictures: Path) -> None:
    (pictures / "guarded.jpg").write_bytes(jpeg())
    fresh = service.get("local:///guarded.jpg", "w:10")
    unchanged = service.get("local:///guarded.jpg", "w:10", If_None_Match=fresh.headers["etag"])
    assert (fresh.status, unchanged.status) == (200, 304)
    for reply in (fresh, unchanged):
        assert (reply.headers["x-content-type-options"], reply.headers[CORP]) == ("nosniff", "cross-origin")
        assert CSP not in reply.headers


def test_a_drawing_is_a_document_and_may_have_a_style_but_no_script(tmp_path: Path) -> None:
    (tmp_path / "a.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
    drawing = Service(tmp_path / "log", {"BLENDBEAT_LOCAL_ROOT": str(tmp_path), "BLENDBEAT_SVG": "1"})
    try:
        reply = drawing.get("local:///a.svg", "raw:1")
        assert (reply.status, reply.headers["content-type"]) == (200, "image/svg+xml")
        assert reply.headers[CSP] == "default-src 'none'; style-src 'unsafe-inline'; sandbox"
        assert reply.headers[CORP] == "cross-origin"
    finally:
        assert drawing.stop() == 0
