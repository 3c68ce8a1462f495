"""The API the service was born with."""

import socket
from pathlib import Path
from urllib.parse import quote

import pytest

from origin.client import sign_query
from tests.pictures import BLUE, RED, decoded, jpeg, near, png
from tests.service.conftest import RING, TOKEN, Reply, Service

URL = quote("local:///resize.jpg", safe="")


@pytest.fixture(scope="module", autouse=True)
def sources(pictures: Path) -> None:
    (pictures / "resize.jpg").write_bytes(jpeg(400, 300))


def size(reply: Reply) -> tuple[int, int]:
    assert reply.status == 200, reply.body
    image = decoded(reply.body)
    return image.width, image.height


@pytest.mark.parametrize(
    ("fit", "expected"),
    [("", (200, 150)), ("&fit=contain", (200, 150)), ("&fit=cover", (200, 200)), ("&fit=fill", (200, 200))],
)
def test_a_signed_query_resizes_and_keeps_the_ratio_unless_told(
    service: Service, fit: str, expected: tuple[int, int]
) -> None:
    reply = service.resize(f"url={URL}&width=200&height=200{fit}")
    assert size(reply) == expected
    assert reply.headers["content-type"] == "image/jpeg"
    assert "etag" in reply.headers


def test_cover_crops_and_fill_squeezes(service: Service) -> None:
    covered = decoded(service.resize(f"url={URL}&width=100&height=300&fit=cover&format=png").body)
    filled = decoded(service.resize(f"url={URL}&width=100&height=300&fit=fill&format=png").body)
    assert near(filled, 45, 10, RED)
    assert near(filled, 45, 290, BLUE)
    assert near(covered, 45, 10, RED)


def test_the_order_of_the_fields_does_not_matter(service: Service) -> None:
    signed = sign_query(RING, f"/resize?url={URL}&width=90&format=webp&quality=70")
    shuffled = "/resize?" + "&".join(reversed(signed.partition("?")[2].split("&")))
    assert service.ask("GET", shuffled).headers["content-type"] == "image/webp"


@pytest.mark.parametrize("query", ["", f"url={URL}&width=90", f"url={URL}&width=90&sig=wrong", "sig="])
def test_a_query_without_its_signature_is_403(service: Service, query: str) -> None:
    assert service.ask("GET", f"/resize?{query}").problem["type"] == "urn:blendbeat:problem:bad-signature"


@pytest.mark.parametrize("query", ["width=90", f"url={URL}&width=-1", f"url={URL}&fit=stretch", f"url={URL}&blur=1"])
def test_a_signed_query_that_is_not_in_the_language_is_400(service: Service, query: str) -> None:
    assert service.resize(query).problem["status"] == 400


def form(image: bytes, **fields: str) -> tuple[dict[str, str], bytes]:
    parts = [f'--edge\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n'.encode() for k, v in fields.items()]
    head = (
        b'--edge\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    )
    headers = {"Content-Type": "multipart/form-data; boundary=edge", "Authorization": f"Bearer {TOKEN}"}
    return headers, b"".join([*parts, head, image, b"\r\n--edge--\r\n"])


def test_an_uploaded_form_comes_back_resized(service: Service) -> None:
    headers, body = form(jpeg(400, 300), width="100", format="png")
    reply = service.ask("POST", "/resize", headers, body)
    assert size(reply) == (100, 75)
    assert reply.headers["content-type"] == "image/png"
    assert reply.headers["cache-control"] == "no-store"


def test_a_raw_body_takes_its_fields_from_the_query(service: Service) -> None:
    headers = {"Content-Type": "image/jpeg", "Authorization": f"Bearer {TOKEN}"}
    assert size(service.ask("POST", "/resize?width=80&height=80&fit=cover", headers, jpeg(400, 300))) == (80, 80)


def test_a_chunked_body_is_read_too(service: Service) -> None:
    image = jpeg(400, 300)
    chunked = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (image[:500], image[500:])) + b"0\r\n\r\n"
    headers = {"Transfer-Encoding": "chunked", "Authorization": f"Bearer {TOKEN}"}
    assert size(service.ask("POST", "/resize?width=80", headers, chunked)) == (80, 60)


@pytest.mark.parametrize("token", [None, "Bearer", "Bearer wrong-wrong-wrong", f"Basic {TOKEN}"])
def test_an_upload_without_a_token_is_401(service: Service, token: str | None) -> None:
    reply = service.ask("POST", "/resize", {"Authorization": token} if token else {}, jpeg())
    assert reply.problem["status"] == 401
    assert reply.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("target", "body", "status"),
    [
        ("/resize", b"", 400),
        ("/resize?width=x", png(), 400),
        ("/resize?url=local:///a.jpg", png(), 400),
        ("/resize", b"hello, this is text", 415),
        ("/resize", jpeg(400, 300)[:3000], 422),
        ("/resize", bytes(10 * 1024 * 1024 + 1), 413),
    ],
)
def test_a_bad_upload_is_told_what_is_wrong(service: Service, target: str, body: bytes, status: int) -> None:
    reply = service.ask("POST", target, {"Authorization": f"Bearer {TOKEN}"}, body)
    assert reply.problem["status"] == status
    assert reply.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("body", [b"zz\r\nabc\r\n0\r\n\r\n", b"5\r\nab"])
def test_a_chunked_body_that_is_none_is_400(service: Service, body: bytes) -> None:
    head = f"POST /resize HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nTransfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection(("127.0.0.1", service.port), timeout=5) as raw:
        raw.sendall(head.encode() + body)
        raw.shutdown(socket.SHUT_WR)
        assert raw.recv(12) == b"HTTP/1.1 400"
