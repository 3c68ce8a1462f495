"""Fresh, stale, standby and negative, over a socket, with a source that changes and fails."""

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.memcached import wait_until
from tests.pictures import jpeg
from tests.service.conftest import ADMIN_TOKEN, Reply, Service
from tests.webserver import SourceServer

ADMIN = {"Authorization": f"Bearer {ADMIN_TOKEN}"}


def base64url(text: str) -> str:
    return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


@pytest.fixture
def source() -> Iterator[SourceServer]:
    with SourceServer() as running:
        yield running


@pytest.fixture(scope="module")
def brief(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service whose variants are fresh for a second, stale for two more and on standby for a minute."""
    environ = {
        "BLENDBEAT_TTL_S": "1",
        "BLENDBEAT_STALE_S": "2",
        "BLENDBEAT_STALE_IF_ERROR_S": "60",
        "BLENDBEAT_SOURCE_FRESH_S": "0",
    }
    running = Service(tmp_path_factory.mktemp("brief") / "log", environ)
    yield running
    running.stop()


def status_of(reply: Reply) -> str:
    assert reply.status == 200, reply.body
    return reply.headers["cache-status"]


def wait_for_stale(service: Service, url: str) -> Reply:
    """Ask until the answer is stale; the first stale one."""
    until_s = time.monotonic() + 10
    while "ttl=-" not in status_of(reply := service.get(url, "w:20")):
        assert time.monotonic() < until_s
        time.sleep(0.02)
    return reply


def test_a_stale_variant_is_answered_at_once_and_the_next_is_new(brief: Service, source: SourceServer) -> None:
    source.bodies["/a.jpg"] = jpeg(40, 30)
    url = source.url("/a.jpg")
    old = brief.get(url, "w:20")
    assert "age" not in old.headers
    source.bodies["/a.jpg"] = jpeg(80, 30)
    stale = wait_for_stale(brief, url)
    assert stale.body == old.body
    assert stale.headers["cache-control"] == "public, max-age=10"
    wait_until(lambda: brief.get(url, "w:20").body != old.body)


def test_an_unchanged_source_costs_a_question_and_no_pixels(brief: Service, source: SourceServer) -> None:
    source.bodies["/same.jpg"] = jpeg(40, 30)
    source.etags["/same.jpg"] = '"one"'
    url = source.url("/same.jpg")
    old = brief.get(url, "w:20")
    wait_for_stale(brief, url)
    wait_until(lambda: source.count("/same.jpg") == 2)
    wait_until(lambda: "ttl=0" in status_of(brief.get(url, "w:20")))
    assert source.seen[-1].headers["if-none-match"] == '"one"'
    assert brief.get(url, "w:20").headers["etag"] == old.headers["etag"]
    assert len([line for line in brief.lines() if "same.jpg" in line["target"] and "transform_ms" in line]) == 1


def test_a_source_that_is_down_is_covered_by_what_was_made_before(brief: Service) -> None:
    with SourceServer({"/down.jpg": jpeg(40, 30)}) as source:
        url = source.url("/down.jpg")
        old = brief.get(url, "w:20")
    time.sleep(3.2)  # the real clock of another process: until it is neither fresh nor stale
    for _ in range(2):
        covered = brief.get(url, "w:20")
        assert covered.body == old.body
        assert "fwd=stale" in covered.headers["cache-status"]
        assert covered.headers["cache-control"] == "public, max-age=10"


def test_a_source_that_is_gone_is_not_covered(brief: Service, source: SourceServer) -> None:
    source.bodies["/gone.jpg"] = jpeg(40, 30)
    url = source.url("/gone.jpg")
    assert brief.get(url, "w:20").status == 200
    del source.bodies["/gone.jpg"]
    wait_until(lambda: brief.get(url, "w:20").status == 404)


@pytest.mark.parametrize(("body", "status"), [(None, 404), (b"<html>no picture</html>", 415)])
def test_what_is_no_picture_is_asked_for_once_in_a_while(
    service: Service, source: SourceServer, body: bytes | None, status: int
) -> None:
    if body is not None:
        source.bodies["/nothing.jpg"] = body
    replies = [service.get(source.url("/nothing.jpg"), "w:20") for _ in range(5)]
    assert {reply.status for reply in replies} == {status}
    assert source.count("/nothing.jpg") == 1
    assert [reply.headers.get("cache-status", "")[:14] for reply in replies[1:]] == ["blendbeat; hit"] * 4


def test_a_server_that_fails_is_asked_again(service: Service, source: SourceServer) -> None:
    for _ in range(3):
        assert service.get(source.url("/status/500"), "w:20").status == 502
    assert source.count("/status/500") == 3


def test_age_is_how_long_ago_it_was_made(service: Service, source: SourceServer) -> None:
    source.bodies["/age.jpg"] = jpeg(40, 30)
    url = source.url("/age.jpg")
    made_s = time.time()
    assert "age" not in service.get(url, "w:20").headers
    wait_until(lambda: int(service.get(url, "w:20").headers.get("age", 0)) >= 1)
    age_s = int(service.get(url, "w:20").headers["age"])
    assert 1 <= age_s <= time.time() - made_s


def test_a_url_that_expires_soon_is_not_made_to_look_older_than_it_may_be(
    service: Service, source: SourceServer
) -> None:
    source.bodies["/soon.jpg"] = jpeg(40, 30)
    url, expiry = source.url("/soon.jpg"), f"exp:{int(time.time()) + 3}"
    service.get(url, "w:20")
    wait_until(lambda: int(service.get(url, "w:20").headers.get("age", 0)) >= 2)
    assert "age" not in service.get(url, "w:20", expiry).headers


def test_an_edge_that_holds_what_stood_for_a_picture_is_given_the_picture(
    service: Service, source: SourceServer
) -> None:
    source.bodies["/instead.jpg"] = jpeg(40, 30)
    url, fallback = source.url("/lost.jpg"), f"fiu:{base64url(source.url('/instead.jpg'))}"
    instead = service.get(url, "w:20", fallback)
    assert instead.headers["cache-control"] == "public, max-age=10"
    source.bodies["/lost.jpg"] = jpeg(80, 30)
    assert service.ask("POST", "/purge", ADMIN, json.dumps({"source": url}).encode()).status == 200
    found = service.get(url, "w:20", fallback, If_None_Match=instead.headers["etag"])
    assert (found.status, found.body != instead.body) == (200, True)


def test_who_holds_what_no_tier_has_is_told_so_for_seconds_and_it_is_made_beside(
    source: SourceServer, tmp_path: Path
) -> None:
    source.bodies["/held.jpg"] = jpeg(40, 30)
    url, own = source.url("/held.jpg"), Service(tmp_path / "log", {})
    try:
        tag = own.get(url, "w:20").headers["etag"]
        own.stop()
        own.start()
        source.bodies["/held.jpg"] = jpeg(80, 30)
        held = own.get(url, "w:20", If_None_Match=tag)
        assert (held.status, held.headers["cache-control"]) == (304, "public, max-age=10")
        wait_until(lambda: own.get(url, "w:20", If_None_Match=tag).status == 200)
    finally:
        own.stop()
