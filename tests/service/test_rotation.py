"""A signing key is replaced while URLs signed with the old one are about."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from origin.client import path_for, sign_path
from origin.signing import KeyRing, pair_up
from tests.pictures import jpeg
from tests.service.conftest import Service

OLD, NEW, TRUSTED = ("aa" * 32, "bb" * 32), ("cc" * 32, "dd" * 32), "trusted-for-a-tool"
PATH = path_for("local:///a.jpg", ["w:10"])


def environ_of(*pairs: tuple[str, str]) -> dict[str, str]:
    return {
        "BLENDBEAT_KEYS": ",".join(key for key, _ in pairs),
        "BLENDBEAT_SALTS": ",".join(salt for _, salt in pairs),
        "BLENDBEAT_TRUSTED_SIGNATURES": TRUSTED,
    }


def signed(pair: tuple[str, str]) -> str:
    return sign_path(KeyRing(pair_up([pair[0]], [pair[1]])), PATH)


def signed_by_the_command_line(*pairs: tuple[str, str]) -> str:
    environ = {"PATH": os.environ["PATH"], **environ_of(*pairs)}
    command = [sys.executable, "-m", "origin.cli", "sign", "w:10", "local:///a.jpg"]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout.strip()


def test_a_key_is_added_then_signs_then_the_old_one_is_dropped(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    service = Service(tmp_path / "log", {**environ_of(OLD), "BLENDBEAT_LOCAL_ROOT": str(tmp_path)})
    stages = [
        ((OLD,), OLD, {OLD: 200, NEW: 403}),
        ((OLD, NEW), OLD, {OLD: 200, NEW: 200}),
        ((NEW, OLD), NEW, {OLD: 200, NEW: 200}),
        ((NEW,), NEW, {OLD: 403, NEW: 200}),
    ]
    tags = set()
    try:
        for pairs, signing, expected in stages:
            assert service.stop() == 0
            service.environ |= environ_of(*pairs)
            service.start()
            assert signed_by_the_command_line(*pairs) == signed(signing)
            replies = {pair: service.ask("GET", signed(pair)) for pair in expected}
            assert {pair: reply.status for pair, reply in replies.items()} == expected
            tags |= {reply.headers["etag"] for reply in replies.values() if reply.status == 200}
    finally:
        assert service.stop() == 0
    # Another key is no other picture: what caches hold stays good.
    assert len(tags) == 1


@pytest.mark.parametrize(
    ("signature", "status"),
    [(TRUSTED, 200), (TRUSTED[:-1], 403), (f"{TRUSTED}x", 403), (TRUSTED.upper(), 403), ("", 403)],
)
def test_a_trusted_signature_stands_for_any(tmp_path: Path, signature: str, status: int) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    service = Service(tmp_path / "log", {**environ_of(OLD), "BLENDBEAT_LOCAL_ROOT": str(tmp_path)})
    try:
        assert service.ask("GET", f"/{signature}{PATH}").status == status
        assert service.ask("GET", f"/resize?url=local:///a.jpg&width=10&sig={signature}").status == status
        assert TRUSTED not in service.log.read_text()
    finally:
        assert service.stop() == 0
