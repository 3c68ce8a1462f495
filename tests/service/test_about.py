"""The resources about the service, CORS, and how it starts and stops."""

import json
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from origin.client import path_for, sign_path, sign_query
from origin.version import VERSION
from tests.pictures import jpeg
from tests.service.conftest import KEY, RING, SALT, TOKEN, Service, free_port


def test_health_says_that_this_process_answers(service: Service, pictures: Path) -> None:
    (pictures / "healthy.jpg").write_bytes(jpeg())
    before = json.loads(service.ask("GET", "/health").body)
    service.get("local:///healthy.jpg", "w:10")
    reply = service.ask("GET", "/health")
    health = json.loads(reply.body)
    assert (reply.status, reply.headers["cache-control"]) == (200, "no-store")
    assert (health["status"], health["version"]) == ("healthy", VERSION)
    assert abs(datetime.fromisoformat(health["timestamp"]) - datetime.now(UTC)) < timedelta(seconds=60)
    assert {"heic", "jpg"} <= set(health["formats"]["reads"])
    assert "svg" not in health["formats"]["reads"]  # off unless it is switched on
    assert "jxl" not in health["formats"]["writes"]
    assert health["cache_size"] == before["cache_size"] + 1


def test_the_root_describes_the_service(service: Service) -> None:
    described = json.loads(service.ask("GET", "/").body)
    assert described["service"] == "blendBeat"
    assert "webp" in described["formats"]["writes"]
    assert described["options"]["resize"]["aliases"] == ["rs"]


@pytest.mark.parametrize("path", ["/", "/health", "/resize", "/sig/w:1/plain/local:///a.jpg"])
def test_a_browser_may_ask_first(service: Service, path: str) -> None:
    headers = {"Origin": "https://www.example.com", "Access-Control-Request-Method": "POST"}
    reply = service.ask("OPTIONS", path, headers)
    assert (reply.status, reply.body) == (204, b"")
    assert reply.headers["access-control-allow-origin"] == "*"
    assert ("POST" in reply.headers["access-control-allow-methods"]) == (path == "/resize")
    assert reply.headers["allow"] == reply.headers["access-control-allow-methods"]
    assert "Authorization" in reply.headers["access-control-allow-headers"]


@pytest.mark.parametrize("path", ["/", "/health"])
def test_head_works_everywhere(service: Service, path: str) -> None:
    head, get = service.ask("HEAD", path), service.ask("GET", path)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len(get.body))


def test_wrong_settings_end_with_78_and_every_problem() -> None:
    command = [sys.executable, "-m", "gunicorn", "-c", "python:origin.gunicorn_conf", "origin.wsgi:application"]
    environ = {"PORT": str(free_port()), "BLENDBEAT_TTL_S": "x", "BLENDBEAT_QUALITY": "0"}
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 78
    for name in ("BLENDBEAT_TTL_S", "BLENDBEAT_QUALITY", "BLENDBEAT_KEYS"):
        assert name in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "Listening" not in ended.stderr


def test_too_few_files_end_with_78_and_what_to_do() -> None:
    command = [sys.executable, "-m", "gunicorn", "-c", "python:origin.gunicorn_conf", "origin.wsgi:application"]
    environ = {"PORT": str(free_port()), "BLENDBEAT_ALLOW_UNSIGNED": "1"}
    around = ["/bin/sh", "-c", 'ulimit -n 100 && exec "$@"', "sh"]
    ended = subprocess.run([*around, *command], env=environ, capture_output=True, text=True, check=False, timeout=30)
    assert ended.returncode == 78
    assert "a process may open 100 files and needs 2" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_watermark_that_is_no_picture_ends_with_78_too() -> None:
    command = [sys.executable, "-m", "gunicorn", "-c", "python:origin.gunicorn_conf", "origin.wsgi:application"]
    environ = {"BLENDBEAT_KEYS": KEY, "BLENDBEAT_SALTS": SALT, "BLENDBEAT_WATERMARK": __file__}
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=30)
    assert (ended.returncode, "BLENDBEAT_WATERMARK" in ended.stderr) == (78, True)


def test_unsigned_operation_is_loud_and_works(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    loose = Service(tmp_path / "log", {"BLENDBEAT_ALLOW_UNSIGNED": "1", "BLENDBEAT_LOCAL_ROOT": str(tmp_path)})
    try:
        assert loose.ask("GET", "/unsafe/w:10/plain/local:///a.jpg").status == 200
        assert loose.ask("GET", "/_/w:10/plain/local:///a.jpg").status == 200
        assert loose.ask("GET", "/insecure/w:10/plain/local:///a.jpg").status == 403
        assert "WARNING: BLENDBEAT_ALLOW_UNSIGNED" in loose.log.read_text()
    finally:
        assert loose.stop() == 0


def test_several_workers_give_one_tag(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    two = Service(tmp_path / "log", {"WEB_CONCURRENCY": "2", "BLENDBEAT_LOCAL_ROOT": str(tmp_path)})
    try:
        tags = {two.get("local:///a.jpg", "w:10").headers["etag"] for _ in range(12)}
        assert len(tags) == 1
    finally:
        assert two.stop() == 0


@pytest.mark.parametrize("method", ["POST", "PUT", "BREW", "PROPFIND"])
@pytest.mark.parametrize("path", ["/", "/health", "/sig/w:1/plain/local:///a.jpg"])
def test_a_method_that_is_not_there_is_answered_with_those_that_are(service: Service, method: str, path: str) -> None:
    reply = service.ask(method, path)
    assert reply.problem["status"] == 405
    assert reply.headers["allow"] == "GET, HEAD, OPTIONS"


def test_a_format_that_cannot_be_written_is_not_negotiated(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    service = Service(tmp_path / "log", {"BLENDBEAT_AUTO_FORMATS": "jxl,webp", "BLENDBEAT_LOCAL_ROOT": str(tmp_path)})
    try:
        reply = service.get("local:///a.jpg", "w:10", Accept="image/jxl")
        assert (reply.status, reply.headers["content-type"]) == (200, "image/jpeg")
        assert "does not write jxl" in service.log.read_text()
    finally:
        assert service.stop() == 0


def test_neither_keys_nor_tokens_nor_signatures_ever_reach_the_log(service: Service) -> None:
    signed = sign_path(RING, path_for("https://me:hunter2@127.0.0.1:1/a?X-Amz-Signature=hunter3", ["w:1"]))
    service.ask("GET", signed)
    service.ask("GET", f"{signed}?x=1")
    service.ask("GET", sign_query(RING, "/resize?url=https%3A%2F%2F127.0.0.1:1%2Fa%3Ftoken%3Dhunter4"))
    service.ask("POST", "/resize", {"Authorization": f"Bearer {TOKEN}"}, b"no picture")
    with socket.create_connection(("127.0.0.1", service.port), timeout=5) as raw:
        raw.sendall(f"GET {signed}\u00e9 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        answer = raw.recv(4096)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in answer
    log = service.log.read_text()
    assert "not-http" in log
    for secret in (KEY, SALT, TOKEN, signed.split("/")[1], "hunter"):
        assert secret not in log
