"""A limit for each client, over the wire."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from origin.client import path_for, sign_path
from tests.memcached import Memcached
from tests.pictures import jpeg
from tests.service.conftest import RING, TOKEN, Reply, Service


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("limited")
    (folder / "a.jpg").write_bytes(jpeg())
    return folder


# Slow enough that nothing flows in while a test runs.
ENVIRON = {"BLENDBEAT_RATE_LIMIT": "5/3600s", "BLENDBEAT_TRUSTED_PROXIES": "127.0.0.0/8"}


@pytest.fixture(scope="module")
def limited(folder: Path) -> Iterator[Service]:
    running = Service(folder / "log", {**ENVIRON, "BLENDBEAT_LOCAL_ROOT": str(folder)})
    yield running
    assert running.stop() == 0
    assert "Traceback" not in running.log.read_text()


def picture(service: Service, client: str, width: int) -> Reply:
    path = sign_path(RING, path_for("local:///a.jpg", [f"w:{width}"]))
    return service.ask("GET", path, {"X-Forwarded-For": client})


def test_misses_are_counted_and_the_next_one_is_refused_with_when_to_come_back(limited: Service) -> None:
    replies = [picture(limited, "203.0.113.1", width) for width in range(10, 15)]
    assert [reply.status for reply in replies] == [200] * 5
    refused = picture(limited, "203.0.113.1", 15)
    assert refused.problem["type"] == "urn:blendbeat:problem:too-many-requests"
    assert refused.status == 429
    assert refused.headers["cache-control"] == "no-store"
    # A whole request flows in every 720 s.
    assert 700 < int(refused.headers["retry-after"]) <= 720
    assert re.fullmatch(r'"default";r=0;t=7[0-2][0-9]', refused.headers["ratelimit"])
    assert "Retry-After" in refused.headers["access-control-expose-headers"]


def test_a_quota_is_told_where_no_cache_would_repeat_it_to_others(limited: Service) -> None:
    client = "203.0.113.9"
    fresh = picture(limited, client, 90)
    path = sign_path(RING, path_for("local:///a.jpg", ["w:90"]))
    held = {"X-Forwarded-For": client, "If-None-Match": fresh.headers["etag"]}
    missing = sign_path(RING, path_for("local:///absent.jpg", ["w:90"]))
    kept = (fresh, limited.ask("GET", path, held), limited.ask("GET", missing, {"X-Forwarded-For": client}))
    assert [reply.status for reply in kept] == [200, 304, 404]
    for reply in kept:
        assert "public" in reply.headers["cache-control"]
        assert not {"ratelimit", "ratelimit-policy"} & set(reply.headers)
    guess = limited.ask("GET", "/wrong/w:1/plain/x", {"X-Forwarded-For": client})
    assert (guess.status, guess.headers["cache-control"]) == (403, "no-store")
    assert guess.headers["ratelimit-policy"] == '"default";q=5;w=3600'
    # Two pictures of ten units, two answers of one.
    assert guess.headers["ratelimit"] == '"default";r=2;t=3600'


def test_hits_cost_a_tenth(limited: Service) -> None:
    statuses = [picture(limited, "203.0.113.2", 20).status for _ in range(43)]
    # One miss of ten tenths leaves room for forty hits.
    assert statuses == [200] * 41 + [429] * 2


def test_what_was_paid_in_part_is_refused_before_it_is_made(limited: Service) -> None:
    for width in range(30, 34):
        picture(limited, "203.0.113.3", width)
    assert picture(limited, "203.0.113.3", 33).status == 200
    before = limited.ask("GET", "/health").body
    refused = picture(limited, "203.0.113.3", 39)
    assert refused.status == 429
    assert before.split(b"cache_size")[1][:8] == limited.ask("GET", "/health").body.split(b"cache_size")[1][:8]
    # What is there already is still to be had for what is left.
    assert picture(limited, "203.0.113.3", 33).status == 200


def test_uploads_count_like_misses(limited: Service) -> None:
    headers = {"X-Forwarded-For": "203.0.113.4", "Authorization": f"Bearer {TOKEN}", "Content-Type": "image/jpeg"}
    bodies = [jpeg(40 + number, 30) for number in range(6)]
    statuses = [limited.ask("POST", "/resize?width=8", headers, body).status for body in bodies]
    assert statuses == [200] * 5 + [429]


def test_guessing_counts_too_and_health_never_does(limited: Service) -> None:
    client = {"X-Forwarded-For": "203.0.113.5"}
    assert [limited.ask("GET", "/wrong/w:1/plain/x", client).status for _ in range(51)] == [403] * 50 + [429]
    assert {limited.ask("GET", "/health", client).status for _ in range(20)} == {200}
    assert "ratelimit" not in limited.ask("GET", "/health", client).headers


def test_a_client_cannot_pass_for_another(limited: Service) -> None:
    # The list may say what it likes: what the trusted proxy added at its end counts.
    for width in range(50, 55):
        assert picture(limited, f"198.51.100.{width}, 203.0.113.6", width).status == 200
    assert picture(limited, "198.51.100.99, 203.0.113.6", 55).status == 429
    # All addresses of one subscriber are one client.
    for width in range(60, 65):
        assert picture(limited, f"2001:db8::{width}", width).status == 200
    assert picture(limited, "2001:db8::ffff", 65).status == 429


def test_nobody_is_believed_unless_told_to(folder: Path) -> None:
    alone = Service(
        folder / "alone",
        {"BLENDBEAT_LOCAL_ROOT": str(folder), **ENVIRON, "BLENDBEAT_TRUSTED_PROXIES": "198.51.100.0/24"},
    )
    try:
        statuses = [picture(alone, f"203.0.113.{width}", width).status for width in range(10, 16)]
        assert statuses == [200] * 5 + [429]
    finally:
        assert alone.stop() == 0


def test_two_processes_share_the_count_through_memcached_and_live_without_it(folder: Path) -> None:
    with Memcached() as memcached:
        environ = {**ENVIRON, "BLENDBEAT_LOCAL_ROOT": str(folder), "BLENDBEAT_MEMCACHED": memcached.name}
        hosts = [Service(folder / name, environ) for name in ("one", "two")]
        try:
            statuses = [picture(hosts[number % 2], "203.0.113.7", 70 + number).status for number in range(10)]
            # The second hears of the first when it has something to tell: one request more than there was.
            assert statuses[:5] == [200] * 5
            assert 5 <= statuses.count(200) <= 6, statuses
            memcached.kill()
            assert [picture(hosts[0], "203.0.113.8", 80 + number).status for number in range(6)] == [200] * 5 + [429]
        finally:
            assert [host.stop() for host in hosts] == [0, 0]
