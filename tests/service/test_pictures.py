"""Signed paths, from the socket to the pixels and back."""

import re
import socket
import time
from pathlib import Path

import pytest

from origin.client import path_for, sign_path
from tests.pictures import BLUE, GREEN, GREY, RED, decoded, jpeg, near, png, transparent_png
from tests.service.conftest import RING, Service

CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"


@pytest.fixture(scope="module", autouse=True)
def sources(pictures: Path) -> None:
    (pictures / "photo.jpg").write_bytes(jpeg(400, 300))
    (pictures / "sideways.jpg").write_bytes(jpeg(400, 300, orientation=6))
    (pictures / "logo.png").write_bytes(transparent_png(200, 100))
    (pictures / "a b+c@d#e?f%g.png").write_bytes(png(64, 64))


def test_a_signed_url_gives_a_resized_picture(service: Service) -> None:
    reply = service.get("local:///photo.jpg", "rs:fit:200:200")
    image = decoded(reply.body)
    assert (reply.status, reply.headers["content-type"]) == (200, "image/jpeg")
    assert (image.width, image.height) == (200, 150)
    assert near(image, 20, 20, RED)
    assert near(image, 180, 20, GREEN)
    assert near(image, 20, 130, BLUE)
    assert near(image, 180, 130, GREY)


def test_every_answer_says_how_long_and_what_it_is(service: Service) -> None:
    headers = service.get("local:///photo.jpg", "w:111", extension="png").headers
    assert headers["cache-control"] == (
        "public, max-age=86400, s-maxage=604800, stale-while-revalidate=86400, stale-if-error=86400"
    )
    assert re.fullmatch(r'"[0-9a-f]{40}-[0-9a-f]{12}"', headers["etag"])
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-disposition"] == 'inline; filename="photo.png"'
    assert headers["access-control-allow-origin"] == "*"
    assert headers["cache-status"] == "blendbeat; fwd=uri-miss; stored"
    assert "vary" not in headers


def test_the_second_time_it_comes_from_memory_byte_for_byte(service: Service) -> None:
    first = service.get("local:///photo.jpg", "w:112")
    second = service.get("local:///photo.jpg", "w:112")
    assert second.body == first.body
    assert second.headers["etag"] == first.headers["etag"]
    assert re.fullmatch(r"blendbeat; hit; ttl=\d+; detail=memory", second.headers["cache-status"])


@pytest.mark.parametrize("spelled", ["{tag}", "W/{tag}", '"x", {tag}', "*"])
def test_a_client_that_has_it_gets_a_304_without_a_body(service: Service, spelled: str) -> None:
    full = service.get("local:///photo.jpg", "w:113")
    tag = full.headers["etag"]
    reply = service.get("local:///photo.jpg", "w:113", If_None_Match=spelled.format(tag=tag))
    assert (reply.status, reply.body) == (304, b"")
    for name in ("etag", "cache-control", "vary"):
        assert reply.headers[name] == full.headers[name]
    assert "content-length" not in reply.headers
    assert service.get("local:///photo.jpg", "w:113", If_None_Match='"other"').status == 200


def test_a_304_needs_no_source_even_after_a_restart(service: Service, pictures: Path, tmp_path: Path) -> None:
    (pictures / "gone.jpg").write_bytes(jpeg())
    tag = service.get("local:///gone.jpg", "w:10").headers["etag"]
    (pictures / "gone.jpg").unlink()
    restarted = Service(tmp_path / "log", {"BLENDBEAT_LOCAL_ROOT": str(pictures)})
    try:
        reply = restarted.get("local:///gone.jpg", "w:10", If_None_Match=tag)
        assert (reply.status, reply.headers["etag"]) == (304, tag)
        assert restarted.get("local:///gone.jpg", "w:10", If_None_Match='"not ours"').status == 404
        made_up = tag[:42] + '-anything at all"'
        assert restarted.get("local:///gone.jpg", "w:10", If_None_Match=made_up).status == 404
        # A star says that the client has something, not what; and there is nothing.
        assert restarted.get("local:///gone.jpg", "w:10", If_None_Match="*").status == 404
    finally:
        assert restarted.stop() == 0


def test_the_tag_is_the_same_in_another_process_and_another_after_the_source_changed(
    service: Service, pictures: Path, tmp_path: Path
) -> None:
    (pictures / "changing.jpg").write_bytes(jpeg())
    tag = service.get("local:///changing.jpg", "w:10").headers["etag"]
    other = Service(tmp_path / "log", {"BLENDBEAT_LOCAL_ROOT": str(pictures)})
    try:
        assert other.get("local:///changing.jpg", "w:11").status == 200
        assert other.get("local:///changing.jpg", "w:10").headers["etag"] == tag
        (pictures / "changing.jpg").write_bytes(jpeg(64, 32))
        other.stop()
        other.start()
        changed = other.get("local:///changing.jpg", "w:10", If_None_Match='"x"')
        assert (changed.status, changed.headers["etag"] == tag) == (200, False)
        # Now that it is known what the source is, the old tag no longer passes.
        assert other.get("local:///changing.jpg", "w:10", If_None_Match=tag).status == 200
    finally:
        assert other.stop() == 0


def test_head_is_get_without_the_body(service: Service) -> None:
    path = sign_path(RING, path_for("local:///photo.jpg", ["w:114"]))
    head, get = service.ask("HEAD", path), service.ask("GET", path)
    own = {"age", "date", "cache-status", "x-request-id"}
    assert head.body == b""
    assert head.headers["content-length"] == str(len(get.body))
    assert {k: v for k, v in head.headers.items() if k not in own} == {
        k: v for k, v in get.headers.items() if k not in own
    }
    assert service.ask("HEAD", "/wrong/w:1/plain/local:///photo.jpg").status == 403


def test_the_format_is_negotiated_and_says_so(service: Service) -> None:
    webp = service.get("local:///photo.jpg", "w:115", Accept=CHROME)
    jpg = service.get("local:///photo.jpg", "w:115", Accept="*/*")
    assert (webp.headers["content-type"], webp.headers["vary"]) == ("image/webp", "Accept")
    assert (jpg.headers["content-type"], jpg.headers["vary"]) == ("image/jpeg", "Accept")
    assert webp.headers["etag"] != jpg.headers["etag"]
    assert webp.headers["content-disposition"] == 'inline; filename="photo.webp"'
    missing = service.get("local:///nothing.jpg", "w:115", Accept=CHROME)
    assert (missing.status, missing.headers["vary"]) == (404, "Accept")


@pytest.mark.parametrize(("extension", "media_type"), [
    ("jpg", "image/jpeg"), ("jpeg", "image/jpeg"), ("png", "image/png"), ("webp", "image/webp"),
    ("avif", "image/avif"), ("gif", "image/gif"), ("tiff", "image/tiff"),
])  # fmt: skip
def test_every_format_this_build_writes_can_be_asked_for(service: Service, extension: str, media_type: str) -> None:
    reply = service.get("local:///photo.jpg", "w:60", extension=extension)
    assert (reply.status, reply.headers["content-type"]) == (200, media_type)
    image = decoded(reply.body)
    assert (image.width, image.height) == (60, 45)
    assert near(image, 10, 10, RED, tolerance=24)


def test_a_format_this_build_does_not_write_is_422(service: Service) -> None:
    assert "does not write jxl" in service.get("local:///photo.jpg", "w:60", extension="jxl").problem["detail"]


def test_a_picture_stored_sideways_comes_upright(service: Service) -> None:
    image = decoded(service.get("local:///sideways.jpg", "h:200", extension="png").body)
    assert (image.width, image.height) == (150, 200)
    assert near(image, 10, 10, BLUE)
    stored = decoded(service.get("local:///sideways.jpg", "w:200", "ar:0", extension="png").body)
    assert (stored.width, stored.height) == (200, 150)


def test_transparent_pixels_are_flattened_where_they_must_be(service: Service) -> None:
    assert near(decoded(service.get("local:///logo.png", "w:100", extension="jpg").body), 90, 25, (255, 255, 255))
    assert near(decoded(service.get("local:///logo.png", "w:100", "bg:00f", extension="png").body), 90, 25, (0, 0, 255))
    assert decoded(service.get("local:///logo.png", "w:100").body)(90, 25)[3] == 0


def test_a_source_named_in_any_way_is_found(service: Service) -> None:
    name = "local:///a b+c@d#e?f%g.png"
    plain = service.get(name, "w:32")
    encoded = service.ask("GET", sign_path(RING, path_for(name, ["w:32"], encoded=True)))
    assert (plain.status, encoded.status, encoded.body == plain.body) == (200, 200, True)
    assert encoded.headers["cache-status"].startswith("blendbeat; hit")


def test_a_path_that_a_proxy_mangled_is_the_same_picture(service: Service) -> None:
    path = sign_path(RING, path_for("local:///photo.jpg", ["rs:fit:120:120"]))
    reply = service.ask("GET", path)
    for mangled in (
        path.replace("rs:fit:", "rs%3Afit%3A"),
        path.replace("local:///", "local:/"),
        f"http://cdn.example.com{path}",
        f"{path}?utm_source=mail",
    ):
        again = service.ask("GET", mangled)
        assert (again.status, again.headers["etag"]) == (200, reply.headers["etag"])


def test_an_encoded_slash_is_not_a_slash(service: Service) -> None:
    path = sign_path(RING, path_for("local:///photo.jpg", ["w:10"]))
    assert service.ask("GET", path.replace("plain/", "plain%2F")).status == 403


def test_a_filename_and_a_download_can_be_asked_for(service: Service) -> None:
    reply = service.get("local:///photo.jpg", "w:50", "fn:holiday", "att:1", extension="webp")
    assert reply.headers["content-disposition"] == 'attachment; filename="holiday.webp"'
    inline = service.get("local:///photo.jpg", "w:50", extension="webp")
    assert inline.headers["cache-status"].startswith("blendbeat; hit")


def test_an_expiry_caps_every_lifetime_and_then_ends_the_url(service: Service) -> None:
    soon = int(time.time()) + 100
    lifetime = service.get("local:///photo.jpg", "w:51", f"exp:{soon}").headers["cache-control"]
    assert re.fullmatch(
        r"public, max-age=(9\d|100), s-maxage=(9\d|100), stale-while-revalidate=0, stale-if-error=0", lifetime
    )
    gone = service.get("local:///photo.jpg", "w:51", "exp:1000000000")
    assert (gone.status, gone.headers["cache-control"]) == (410, "public, max-age=10")


def test_a_cachebuster_changes_the_tag_and_nothing_else(service: Service) -> None:
    one = service.get("local:///photo.jpg", "w:52", "cb:1")
    two = service.get("local:///photo.jpg", "w:52", "cb:2")
    assert one.body == two.body
    assert one.headers["etag"] != two.headers["etag"]


def test_a_request_is_told_once_without_its_signature(service: Service) -> None:
    path = sign_path(RING, path_for("local:///photo.jpg", ["w:53"]))
    request_id = service.ask("GET", path, {"X-Request-Id": "trace-53"}).headers["x-request-id"]
    (line,) = [line for line in service.lines() if line["request_id"] == request_id]
    assert request_id == "trace-53"
    assert line["target"] == "/-/w:53/plain/local:///photo.jpg"
    assert (line["status"], line["outcome"], line["format"]) == (200, "miss", "jpg")
    assert {"key", "recipe", "fetch_ms", "queue_ms", "transform_ms", "source_bytes"} <= set(line)
    assert path.split("/")[1] not in service.log.read_text()


def test_asking_for_what_would_be_negotiated_anyway_is_the_same_picture(service: Service) -> None:
    negotiated = service.get("local:///photo.jpg", "w:54", Accept=CHROME)
    asked = service.get("local:///photo.jpg", "w:54", extension="webp")
    assert asked.headers["etag"] == negotiated.headers["etag"]
    assert asked.headers["cache-status"].startswith("blendbeat; hit")


@pytest.mark.parametrize(("fields", "status"), [(4, b"200"), (50, b"431")])
def test_a_flood_of_tags_holds_up_nobody(service: Service, fields: int, status: bytes) -> None:
    path = sign_path(RING, path_for("local:///photo.jpg", ["w:55"]))
    service.ask("GET", path)
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as flood:
        lines = b"".join(b"If-None-Match: " + b'"",' * 1900 + b'""\r\n' for _ in range(fields))
        started_s = time.monotonic()
        flood.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n".encode() + lines + b"\r\n")
        assert flood.recv(12) == b"HTTP/1.1 " + status
    assert time.monotonic() - started_s < 2
