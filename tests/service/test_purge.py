"""POST /purge, over a socket: who may, what it reaches, and that it is true."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from origin import cli
from origin.client import path_for, sign_path
from tests.memcached import Memcached, wait_until
from tests.pictures import jpeg
from tests.service.conftest import ADMIN_TOKEN, RING, TOKEN, Reply, Service
from tests.webserver import SourceServer


@pytest.fixture(scope="module")
def source() -> Iterator[SourceServer]:
    with SourceServer() as running:
        yield running


def purge(service: Service, token: str = ADMIN_TOKEN, **what: str) -> Reply:
    return service.ask("POST", "/purge", {"Authorization": f"Bearer {token}"}, json.dumps(what).encode())


def answered(reply: Reply) -> dict[str, Any]:
    assert reply.status == 200, reply.body
    content: dict[str, Any] = json.loads(reply.body)
    return content


@pytest.mark.parametrize("token", ["", TOKEN, "wrong"])
def test_only_an_admin_may_purge(service: Service, token: str) -> None:
    assert purge(service, token, tag="all").problem["status"] == 401


def test_without_admin_tokens_purging_is_off(tmp_path: Path) -> None:
    alone = Service(tmp_path / "log", {"BLENDBEAT_ADMIN_TOKENS": ""})
    try:
        assert purge(alone, tag="all").problem["status"] == 403
        assert alone.ask("GET", "/counters", {"Authorization": f"Bearer {ADMIN_TOKEN}"}).status == 403
    finally:
        alone.stop()


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"url": "/health"}', b'{"tag": "a b"}', b'{"tag": "' + b"x" * 20_000 + b'"}']
)
def test_a_purge_of_nothing_we_know_is_refused(service: Service, body: bytes) -> None:
    reply = service.ask("POST", "/purge", {"Authorization": f"Bearer {ADMIN_TOKEN}"}, body)
    assert reply.status in (400, 413)
    assert reply.problem["type"].startswith("urn:blendbeat:problem:")


def test_alone_it_says_that_it_reached_this_process_only(service: Service) -> None:
    content = answered(purge(service, tag="host:nowhere.example.com"))
    assert content == {
        "purged": {"tag": "host:nowhere.example.com"},
        "reach": "process",
        "nodes": 0,
        "nodes_reached": 0,
        "within_s": 0,
    }


@pytest.mark.parametrize("kind", ["url", "source", "tag"])
def test_what_is_purged_is_made_anew_and_nothing_else(service: Service, source: SourceServer, kind: str) -> None:
    mine, other = source.url(f"/{kind}.jpg"), source.url(f"/{kind}-other.jpg")
    source.bodies |= {f"/{kind}.jpg": jpeg(40, 30), f"/{kind}-other.jpg": jpeg(40, 30)}
    options = ["w:20", f"cb:{kind}"]
    before = service.get(mine, *options)
    untouched = service.get(other, "w:20")
    source.bodies[f"/{kind}.jpg"] = jpeg(80, 30)
    assert service.get(mine, *options).body == before.body
    path = sign_path(RING, path_for(mine, options))
    answered(
        purge(service, **{kind: {"url": f"https://cdn.example.com{path}", "source": mine, "tag": f"cb:{kind}"}[kind]})
    )
    after = service.get(mine, *options)
    assert after.headers["cache-status"] == "blendbeat; fwd=uri-miss; stored"
    assert after.body != before.body
    # An edge that holds the old one is not told that it is still good.
    assert service.get(mine, *options, If_None_Match=before.headers["etag"]).status == 200
    assert service.get(other, "w:20").headers["cache-status"].startswith("blendbeat; hit")
    assert service.get(other, "w:20", If_None_Match=untouched.headers["etag"]).status == 304


def test_the_log_tells_of_a_purge_without_the_secrets_of_a_source(service: Service) -> None:
    answered(purge(service, source="https://me:secret@img.example.com/a.jpg?token=secret"))
    (line,) = [line for line in service.lines() if "img.example.com" in line.get("purged", "")]
    assert line["outcome"] == "purge"
    assert "secret" not in json.dumps(line)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Service]]:
    with Memcached() as one, Memcached() as two:
        environ = {"BLENDBEAT_MEMCACHED": f"{one.name},{two.name}"}
        folder = tmp_path_factory.mktemp("fleet")
        hosts = (Service(folder / "a", environ), Service(folder / "b", environ))
        yield hosts
        for host in hosts:
            host.stop()


def test_a_purge_reaches_the_whole_fleet_within_the_bound(fleet: tuple[Service, Service], source: SourceServer) -> None:
    source.bodies["/fleet.jpg"] = jpeg(40, 30)
    url = source.url("/fleet.jpg")
    old = {host.get(url, "w:20").body for host in fleet}
    source.bodies["/fleet.jpg"] = jpeg(80, 30)
    content = answered(purge(fleet[0], source=url))
    assert (content["reach"], content["nodes"], content["nodes_reached"]) == ("fleet", 2, 2)
    wait_until(lambda: fleet[1].get(url, "w:20").body not in old, content["within_s"])
    assert fleet[0].get(url, "w:20").body == fleet[1].get(url, "w:20").body


def test_a_process_that_starts_later_knows_what_was_purged(
    fleet: tuple[Service, Service], source: SourceServer, tmp_path: Path
) -> None:
    source.bodies["/later.jpg"] = jpeg(40, 30)
    url = source.url("/later.jpg")
    old = fleet[0].get(url, "w:20")
    source.bodies["/later.jpg"] = jpeg(80, 30)
    answered(purge(fleet[0], tag="host:" + url.split("/")[2]))
    environ = {"BLENDBEAT_MEMCACHED": fleet[0].environ["BLENDBEAT_MEMCACHED"]}
    newcomer = Service(tmp_path / "log", environ)
    try:
        assert newcomer.get(url, "w:20").body != old.body
    finally:
        newcomer.stop()


def test_the_command_line_purges(
    service: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BLENDBEAT_ADMIN_TOKENS", f"{ADMIN_TOKEN},other-token-of-ours")
    monkeypatch.setenv("PORT", str(service.port))
    assert cli.main(["purge", "--tag", "all"]) == 0
    assert "only there" in capsys.readouterr().out
    assert cli.main(["purge", "--source", "local:///a.jpg", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["purged"] == {"source": "local:///a.jpg"}


def test_the_command_line_says_why_it_could_not(
    service: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", str(service.port))
    monkeypatch.delenv("BLENDBEAT_ADMIN_TOKENS", raising=False)
    assert cli.main(["purge", "--tag", "all"]) == 78
    monkeypatch.setenv("BLENDBEAT_ADMIN_TOKENS", "wrong")
    assert cli.main(["purge", "--tag", "all"]) == 1
    assert "401" in capsys.readouterr().err
    assert cli.main(["purge", "--tag", "all", "--host", "http://127.0.0.1:1"]) == 1
    assert cli.main(["purge", "--tag", "all", "--host", "ftp://cdn.example.com"]) == 1


def test_purging_is_no_get(service: Service) -> None:
    refused = service.ask("GET", "/purge")
    assert (refused.status, refused.headers["allow"]) == (405, "OPTIONS, POST")


def test_counters_add_up(service: Service) -> None:
    assert service.ask("GET", "/counters").status == 401
    read = json.loads(service.ask("GET", "/counters", {"Authorization": f"Bearer {ADMIN_TOKEN}"}).body)["read"]
    assert read["gets"] == read["hits"] + read.get("misses", 0) > 0
