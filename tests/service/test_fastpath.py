"""What is answered without a parser, over a socket: the same answers, and nothing answered that was not asked."""

import http.client
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from origin.client import path_for, sign_path
from tests.memcached import wait_until
from tests.pictures import jpeg
from tests.service.conftest import ADMIN_TOKEN, RING, Reply, Service

VOLATILE = {"date", "x-request-id", "age", "cache-status"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    (folder / "a.jpg").write_bytes(jpeg())
    return folder


@pytest.fixture(scope="module", params=["1", "0"], ids=["fast path", "long way"])
def running(
    request: pytest.FixtureRequest, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    environ = {"BLENDBEAT_LOCAL_ROOT": str(folder), "BLENDBEAT_FAST_PATH": request.param}
    running = Service(tmp_path_factory.mktemp("service") / "log", environ)
    yield running
    assert running.stop() == 0, running.log.read_text()


def known(service: Service, *options: str) -> tuple[str, Reply]:
    """The target of a variant that was asked for three times, and the last answer."""
    target = sign_path(RING, path_for("local:///a.jpg", options))
    service.ask("GET", target)
    service.ask("GET", target)
    return target, service.ask("GET", target)


def lasting(reply: Reply) -> dict[str, str]:
    return {name: value for name, value in reply.headers.items() if name not in VOLATILE}


def talk(service: Service, *sent: bytes) -> bytes:
    """All that comes back for what is sent, each piece after an answer to the one before it."""
    received = b""
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as sock:
        for number, piece in enumerate(sent):
            sock.sendall(piece)
            while received.count(b"HTTP/1.1 ") <= number:
                more = sock.recv(65536)
                if not more:
                    return received
                received += more
        sock.shutdown(socket.SHUT_WR)
        while more := sock.recv(65536):
            received += more
    return received


def test_a_connection_is_answered_again_and_again(running: Service) -> None:
    target, first = known(running, "w:30")
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=10)
    for method, fields in [("GET", {}), ("HEAD", {}), ("GET", {"If-None-Match": first.headers["etag"]}), ("GET", {})]:
        connection.request(method, target, headers=fields)
        response = connection.getresponse()
        body = response.read()
        assert response.status == (304 if fields else 200)
        assert body == (b"" if fields or method == "HEAD" else first.body)
        assert response.getheader("Connection") == "keep-alive"
        assert response.getheader("Server") == "blendBeat"
        if not fields:
            assert lasting(Reply(200, {k.lower(): v for k, v in response.getheaders()}, body)) == lasting(first)
    connection.close()


def test_each_request_has_a_line_in_the_log_with_the_same_facts(running: Service) -> None:
    target, _ = known(running, "w:31")
    for number in range(3):
        running.ask("GET", target, {"X-Request-Id": f"told-{number}"})
    wait_until(lambda: any(line["request_id"] == "told-2" for line in running.lines()))
    lines = [line for line in running.lines() if line["request_id"].startswith("told-")]
    facts = [{k: v for k, v in line.items() if k not in ("time", "total_ms", "request_id")} for line in lines[-3:]]
    assert facts[0] == facts[1] == facts[2]
    assert (facts[0]["outcome"], facts[0]["tier"], facts[0]["status"]) == ("hit", "memory", 200)
    assert "/-/w:31/" in facts[0]["target"]


def test_what_was_purged_is_made_anew(running: Service) -> None:
    target, before = known(running, "w:32")
    assert "hit" in before.headers["cache-status"]
    purged = running.ask(
        "POST",
        "/purge",
        {"Authorization": f"Bearer {ADMIN_TOKEN}"},
        b'{"source": "local:///a.jpg"}',
    )
    assert purged.status == 200
    assert "fwd=uri-miss" in running.ask("GET", target).headers["cache-status"]


def test_pipelined_requests_are_answered_in_their_order(running: Service) -> None:
    target, _ = known(running, "w:33")
    ask = f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    refused = b"GET /nothing/here HTTP/1.1\r\nHost: x\r\n\r\n"
    answers = talk(running, ask + refused + ask)
    assert [part[:3] for part in answers.split(b"HTTP/1.1 ")[1:]] == [b"200", b"403", b"200"]


def test_what_looks_like_a_request_inside_of_another_ones_head_is_not_answered(running: Service) -> None:
    target, _ = known(running, "w:34")
    begun = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\nGET /nothing/here HTTP/1.1\r\nX-Any: "
    answers = talk(running, begun, f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert [part[:3] for part in answers.split(b"HTTP/1.1 ")[1:]] == [b"200", b"403"]


def test_what_looks_like_a_request_inside_of_a_body_is_not_answered(running: Service) -> None:
    target, _ = known(running, "w:35")
    ask = f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    head = f"POST /nothing/here HTTP/1.1\r\nHost: x\r\nContent-Length: {len(ask)}\r\n\r\n".encode()
    answers = talk(running, head, ask + ask)
    assert [part[:3] for part in answers.split(b"HTTP/1.1 ")[1:]] == [b"405", b"200"]


def test_a_head_in_pieces_is_answered_like_a_whole_one(running: Service) -> None:
    target, _ = known(running, "w:36")
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as sock:
        sock.sendall(f"GET {target} HT".encode())
        sock.settimeout(0.2)
        with pytest.raises(TimeoutError):
            sock.recv(1)
        sock.settimeout(10)
        sock.sendall(b"TP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert sock.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_worker_that_is_told_to_stop_closes_what_it_would_have_kept(folder: Path, tmp_path: Path) -> None:
    service = Service(tmp_path / "log", {"BLENDBEAT_LOCAL_ROOT": str(folder), "BLENDBEAT_DRAIN_GRACE_S": "5"})
    target, _ = known(service, "w:37")
    service.process.send_signal(signal.SIGTERM)
    wait_until(lambda: service.ask("GET", "/ready").status == 503)
    assert service.ask("GET", target).headers["connection"] == "close"
    assert service.process.wait(20) == 0
