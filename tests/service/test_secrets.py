"""Where secrets come from when a service starts, and that they never come out again."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from origin.client import path_for, sign_path, sign_query
from origin.signing import KeyRing, pair_up
from tests.pictures import jpeg
from tests.service import wire
from tests.service.conftest import Service, free_port

KEYS = ("0a5ec2e7" * 8, "0b5ec2e7" * 8)
SALTS = ("0c5ec2e7" * 8, "0d5ec2e7" * 8)
TOKEN, ADMIN_TOKEN, TRUSTED = "upload-5ec2e7-token", "admin-5ec2e7-token", "trusted-5ec2e7-signature"
VALUES = {
    "BLENDBEAT_KEYS": ",".join(KEYS),
    "BLENDBEAT_SALTS": ",".join(SALTS),
    "BLENDBEAT_UPLOAD_TOKENS": TOKEN,
    "BLENDBEAT_ADMIN_TOKENS": ADMIN_TOKEN,
    "BLENDBEAT_TRUSTED_SIGNATURES": TRUSTED,
}
NOWHERE = dict.fromkeys(VALUES, "")
RING = KeyRing(pair_up(KEYS, SALTS))
GUNICORN = [sys.executable, "-m", "gunicorn", "-c", "python:origin.gunicorn_conf", "origin.wsgi:application"]

Watched = Callable[[str], None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    return tmp_path


def files(folder: Path) -> dict[str, str]:
    """Settings that point to a file for each secret."""
    for name, value in VALUES.items():
        (folder / name).write_text(f"{value}\n")
    return {f"{name}_FILE": str(folder / name) for name in VALUES}


def holds_them(service: Service) -> bool:
    """Whether *service* knows every one of the secrets."""
    path = path_for("local:///a.jpg", ["w:10"])
    old = KeyRing(RING.pairs[1:])
    answers = [
        service.ask("GET", sign_path(RING, path)),
        service.ask("GET", sign_path(old, path)),
        service.ask("GET", f"/{TRUSTED}{path}"),
        service.ask("POST", "/resize", {"Authorization": f"Bearer {TOKEN}"}, jpeg()),
        service.ask("GET", "/counters", {"Authorization": f"Bearer {ADMIN_TOKEN}"}),
    ]
    return {answer.status for answer in answers} == {200}


def test_secrets_may_lie_in_files_that_are_mounted(folder: Path) -> None:
    service = Service(folder / "log", {**NOWHERE, **files(folder), "BLENDBEAT_LOCAL_ROOT": str(folder)})
    try:
        assert holds_them(service)
        assert "is not a setting" not in service.log.read_text()
    finally:
        assert service.stop() == 0


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def aws_environ(aws: str) -> dict[str, str]:
    return {"AWS_ENDPOINT_URL": aws, "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


def test_secrets_may_lie_in_aws_and_every_worker_has_them(
    folder: Path, aws: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in aws_environ(aws).items():
        monkeypatch.setenv(name, value)
    client = boto3.client("secretsmanager", region_name="us-east-1")
    arn = client.create_secret(Name="front", SecretString=json.dumps(VALUES))["ARN"]
    environ = {**NOWHERE, **aws_environ(aws), "BLENDBEAT_SECRETS_ARN": arn, "WEB_CONCURRENCY": "2"}
    service = Service(folder / "log", {**environ, "BLENDBEAT_LOCAL_ROOT": str(folder)})
    try:
        # Asked once, before the workers: they need nobody for it.
        client.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)
        assert all(holds_them(service) for _ in range(4))
    finally:
        assert service.stop() == 0


def test_secrets_that_cannot_be_had_end_with_78_and_why(aws: str) -> None:
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:absent-AbCdEf"
    environ = {**aws_environ(aws), "PORT": str(free_port()), "BLENDBEAT_SECRETS_ARN": arn}
    ended = subprocess.run(GUNICORN, env=environ, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 78
    assert "blendbeat: BLENDBEAT_SECRETS_ARN: " in ended.stderr
    assert "Traceback" not in ended.stderr


def test_wrong_settings_are_told_without_the_secrets_among_them(folder: Path) -> None:
    wrong = {
        "BLENDBEAT_KEYS": f"{KEYS[0]},{KEYS[1]}x",
        "BLENDBEAT_SALTS": SALTS[0],
        "BLENDBEAT_UPLOAD_TOKENS": f"{TOKEN} {TOKEN}",
        "BLENDBEAT_TRUSTED_SIGNATURES": f"{TRUSTED}!",
        "BLENDBEAT_ADMIN_TOKENS": ADMIN_TOKEN,
        "BLENDBEAT_ADMIN_TOKENS_FILE": files(folder)["BLENDBEAT_ADMIN_TOKENS_FILE"],
    }
    both = subprocess.run(GUNICORN, env=wrong, capture_output=True, text=True, timeout=30)
    del wrong["BLENDBEAT_ADMIN_TOKENS_FILE"]
    one = subprocess.run(GUNICORN, env=wrong, capture_output=True, text=True, timeout=30)
    assert (both.returncode, one.returncode) == (78, 78)
    assert "BLENDBEAT_ADMIN_TOKENS: it is set twice" in both.stderr
    for name in ("BLENDBEAT_KEYS", "BLENDBEAT_UPLOAD_TOKENS", "BLENDBEAT_TRUSTED_SIGNATURES"):
        assert name in one.stderr
    assert "5ec2e7" not in both.stdout + both.stderr + one.stdout + one.stderr


class Witness:
    """Asks, and remembers all that was answered and every signature that was sent."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.heard: list[str] = []
        self.signatures: set[str] = {TRUSTED}
        self.statuses: set[int] = set()

    def ask(self, method: str, target: str, token: str = "", body: bytes | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        reply = self._service.ask(method, target, headers, body)
        self.statuses.add(reply.status)
        self.heard.append(f"{reply.headers} {reply.body!r}")

    def raw(self, data: str) -> None:
        heard = wire.say(self._service.port, data.encode("latin-1"))
        self.statuses |= set(heard.statuses)
        self.heard.append(repr(heard.data))

    def signed(self, path: str) -> str:
        target = sign_path(RING, path)
        self.signatures.add(target.split("/")[1])
        return target

    def signed_query(self, path: str) -> str:
        target = sign_query(RING, path)
        self.signatures.add(target.rpartition("sig=")[2])
        return target


def say_everything(witness: Witness) -> None:
    """Every kind of answer, with a signature or a token in it wherever one can be."""
    good, bad = witness.signed("/w:10/plain/local:///a.jpg"), witness.signed("/w:x/plain/local:///a.jpg")
    signature = good.split("/")[1]
    for method in ("GET", "HEAD", "OPTIONS", "POST"):
        witness.ask(method, good)
    for target in (
        *(bad, f"/{signature}", f"/info/{signature}", f"/{TRUSTED}", f"/{TRUSTED}/w:x/plain/local:///a.jpg"),
        *(f"/{TRUSTED}/w:10/plain/local:///a.jpg", f"{good}?x=1", f"/info{witness.signed('/plain/local:///a.jpg')}"),
        witness.signed("/w:10/plain/local:///absent.jpg"),
        witness.signed("/exp:1/plain/local:///a.jpg"),
        witness.signed_query("/resize?url=local:///a.jpg&width=10"),
        witness.signed_query("/resize?url=local:///a.jpg&width=many"),
        witness.signed_query("/resize?url=local:///a.jpg&nothing=1") + f"&sig={signature}",
        *("/", "/health", "/counters"),
    ):
        witness.ask("GET", target)
    for token in (TOKEN, ADMIN_TOKEN, f"{TOKEN}x", ""):
        witness.ask("GET", "/counters", token)
        witness.ask("POST", "/resize", token, b"no picture")
        witness.ask("POST", "/purge", token, json.dumps({"url": f"http://x{good}"}).encode())
        witness.ask("POST", "/purge", token, json.dumps({"url": bad}).encode())
        witness.ask("POST", "/purge", token, json.dumps({"url": f"/{signature}"}).encode())
    for line in (
        *(f"GET {good}\u00e9 HTTP/1.1", f"GET {good} HTTP/9.1", f"GET {good}", f"{signature} / HTTP/1.1"),
        *(f"GET {good} HTTP/1.1\r\nX {signature}: y", f"GET {good} HTTP/1.1\r\nTransfer-Encoding: {TOKEN}"),
        f"POST {good} HTTP/1.1\r\nContent-Length: {TOKEN}",
    ):
        witness.raw(f"{line}\r\n\r\n")


def nothing_shows(witness: Witness, log: str) -> None:
    told = "\n".join([log, *witness.heard])
    assert len(witness.signatures) > 3
    for secret in (*KEYS, *SALTS, TOKEN, ADMIN_TOKEN, *witness.signatures):
        assert secret not in told, told[max(0, told.index(secret) - 300) : told.index(secret) + 100]


def test_no_secret_and_no_signature_shows_in_anything_that_is_logged_or_answered(folder: Path) -> None:
    service = Service(folder / "log", {**NOWHERE, **files(folder), "BLENDBEAT_LOCAL_ROOT": str(folder)})
    witness = Witness(service)
    try:
        say_everything(witness)
    finally:
        assert service.stop() == 0
    assert {200, 204, 400, 401, 403, 404, 405, 410, 415} <= witness.statuses
    nothing_shows(witness, service.log.read_text())


def test_nor_in_the_tracebacks_of_a_fault(folder: Path) -> None:
    environ = {**NOWHERE, **files(folder), "BLENDBEAT_LOCAL_ROOT": str(folder)}
    service = Service(folder / "log", environ, application="tests.service.faulty:build()")
    witness = Witness(service)
    try:
        say_everything(witness)
    finally:
        assert service.stop() == 0
    log = service.log.read_text()
    assert 500 in witness.statuses
    assert "RuntimeError: provoked" in log
    nothing_shows(witness, log)


def test_nor_in_those_of_a_fault_beside_the_application(folder: Path) -> None:
    # A variable that gunicorn heeds: of everything but /health it says that it does not lie below it.
    environ = {**NOWHERE, **files(folder), "BLENDBEAT_LOCAL_ROOT": str(folder), "SCRIPT_NAME": "/health"}
    service = Service(folder / "log", environ)
    witness = Witness(service)
    try:
        say_everything(witness)
    finally:
        assert service.stop() == 0
    log = service.log.read_text()
    assert 500 in witness.statuses
    assert "beside the application" in log
    nothing_shows(witness, log)
