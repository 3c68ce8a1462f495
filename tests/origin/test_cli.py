import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from origin.cli import main
from origin.rawpath import split_signed, target_of
from origin.signing import KeyRing, pair_up
from tests.pictures import decoded
from tests.service.conftest import free_port

RING = KeyRing(pair_up(["aabb"], ["ccdd"]))


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BLENDBEAT_KEYS", "aabb")
    monkeypatch.setenv("BLENDBEAT_SALTS", "ccdd")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (["rs:fill:300:200", "q:80", "https://x/a b.jpg"], "/rs:fill:300:200/q:80/plain/https://x/a%20b.jpg"),
        (["w:300", "local:///a.jpg", "--format", "webp"], "/w:300/plain/local:///a.jpg@webp"),
        (["w:300", "local:///a.jpg", "--base64"], "/w:300/bG9jYWw6Ly8vYS5qcGc"),
        (["/w:300/plain/local:///a.jpg"], "/w:300/plain/local:///a.jpg"),
    ],
)
def test_sign_prints_a_url_that_verifies(capsys: pytest.CaptureFixture[str], arguments: list[str], path: str) -> None:
    assert main(["sign", "--host", "https://cdn.example.com/", *arguments]) == 0
    url = capsys.readouterr().out.strip()
    assert url == f"https://cdn.example.com/{RING.sign(path)}{path}"
    signed = split_signed(target_of(url).path)
    assert signed is not None
    assert RING.verify(signed.signature, signed.rest)


def test_sign_knows_the_query_grammar(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sign", "/resize?url=local:///a.jpg&width=3"]) == 0
    signature = RING.sign("/resize?url=local:///a.jpg&width=3")
    assert capsys.readouterr().out == f"/resize?url=local:///a.jpg&width=3&sig={signature}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["blurr:3", "local:///a.jpg"],
        ["w:3", "a.jpg"],
        ["w:3", "/w:3/plain/local:///a"],
        ["/resize?width=x"],
        ["fn:a%3Ab", "local:///a"],
    ],
)
def test_sign_refuses_what_the_service_would_refuse(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert main(["sign", *arguments]) == 2
    assert capsys.readouterr().err.startswith("blendbeat: ")


def test_sign_and_serve_without_a_key_end_with_78(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BLENDBEAT_KEYS")
    monkeypatch.delenv("BLENDBEAT_SALTS")
    assert main(["sign", "w:3", "local:///a.jpg"]) == 78
    assert main(["serve"]) == 78
    monkeypatch.setenv("BLENDBEAT_ALLOW_UNSIGNED", "1")
    assert main(["sign", "w:3", "local:///a.jpg"]) == 78
    assert capsys.readouterr().err.count("BLENDBEAT_KEYS") == 3


def test_sign_makes_no_development_keys_of_its_own(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["sign", "--dev", "w:3", "local:///a.jpg"]) == 2
    assert "there are no development keys" in capsys.readouterr().err
    assert not (tmp_path / ".blendbeat").exists()


def test_a_port_that_is_taken_is_said_before_anything_is_promised(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:
        monkeypatch.setenv("PORT", str(taken.getsockname()[1]))
        with pytest.raises(SystemExit, match="is taken"):
            main(["serve", "--dev"])
    assert capsys.readouterr().out == ""


def test_a_key_may_lie_in_a_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("aabb\n")
    monkeypatch.setenv("BLENDBEAT_KEYS_FILE", str(tmp_path / "key"))
    assert main(["sign", "/w:3/plain/local:///a"]) == 78
    assert "BLENDBEAT_KEYS: it is set twice" in capsys.readouterr().err
    monkeypatch.delenv("BLENDBEAT_KEYS")
    assert main(["sign", "/w:3/plain/local:///a"]) == 0
    assert capsys.readouterr().out.startswith(f"/{RING.sign('/w:3/plain/local:///a')}/")


def test_keys_new_prints_a_pair_the_settings_take(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "new"]) == 0
    pairs = dict(line.split("=") for line in capsys.readouterr().out.splitlines())
    assert pair_up([pairs["BLENDBEAT_KEYS"]], [pairs["BLENDBEAT_SALTS"]])


def test_serve_in_development_prints_urls_that_work(tmp_path: Path) -> None:
    port = free_port()
    environ = {"PATH": os.environ["PATH"], "PORT": str(port), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "origin.cli", "serve", "--dev"]
    with (tmp_path / "out").open("wb") as out:
        server = subprocess.Popen(command, env=environ, stdout=out, stderr=out, cwd=tmp_path)
    try:
        until = time.monotonic() + 20
        while "Booting worker" not in (tmp_path / "out").read_text():
            assert time.monotonic() < until, (tmp_path / "out").read_text()
            time.sleep(0.05)
        urls = [line.strip() for line in (tmp_path / "out").read_text().splitlines() if "http://localhost" in line]
        pictures = [url for url in urls if url.startswith("http://localhost")]
        assert len(pictures) == 7
        for url in pictures:
            with urllib.request.urlopen(url.replace("localhost", "127.0.0.1"), timeout=30) as reply:
                assert decoded(reply.read()).width >= 300
    finally:
        server.send_signal(signal.SIGINT)
        assert server.wait(20) == 0
