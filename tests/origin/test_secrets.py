import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from origin.secrets import completed
from origin.settings import SECRETS, SECRETS_ARN, VARIABLES, BadSettings, unknown_variables

ARN = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:blendbeat/front-AbCdEf"
VALUE = "5ec2e75ec2e75ec2"


def answering(text: str) -> Callable[[str], str]:
    return lambda arn: text


def problems(environ: dict[str, str], text: str = "{}") -> tuple[str, ...]:
    with pytest.raises(BadSettings) as refused:
        completed(environ, answering(text))
    assert VALUE not in str(refused.value)
    return refused.value.problems


def test_an_environment_without_pointers_is_what_it_was() -> None:
    environ = {"BLENDBEAT_KEYS": "aabb", "PATH": "/bin", "BLENDBEAT_KEYS_FILE": ""}
    assert completed(environ) == {"BLENDBEAT_KEYS": "aabb", "PATH": "/bin"}


@pytest.mark.parametrize("name", SECRETS)
def test_every_secret_may_lie_in_a_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text(f"{VALUE}\n")
    found = completed({f"{name}_FILE": str(tmp_path / "secret"), "PORT": "1"})
    assert found == {name: VALUE, "PORT": "1"}
    assert completed(found) == found


def test_the_secrets_are_settings_and_their_files_are_known() -> None:
    assert {*SECRETS, SECRETS_ARN} <= {variable.name for variable in VARIABLES}
    assert unknown_variables({f"{name}_FILE": "/x" for name in SECRETS}) == ()
    assert unknown_variables({"BLENDBEAT_PORT_FILE": "/x"}) == ("BLENDBEAT_PORT_FILE",)


def test_a_secret_that_is_there_twice_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(VALUE)
    file = {"BLENDBEAT_KEYS_FILE": str(tmp_path / "secret")}
    (problem,) = problems({"BLENDBEAT_KEYS": VALUE, **file})
    assert problem.startswith("BLENDBEAT_KEYS: it is set twice")
    text = json.dumps({"BLENDBEAT_KEYS": VALUE})
    assert len(problems({SECRETS_ARN: ARN, **file}, text)) == 1
    assert len(problems({SECRETS_ARN: ARN, "BLENDBEAT_KEYS": VALUE}, text)) == 1


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "noise").write_bytes(b"\xff\xfe")
    environ = {
        "BLENDBEAT_KEYS_FILE": "/no/such/file",
        "BLENDBEAT_SALTS_FILE": str(tmp_path / "noise"),
        "BLENDBEAT_ADMIN_TOKENS_FILE": str(tmp_path),
        SECRETS_ARN: "arn:aws:s3:::bucket",
    }
    names = [problem.partition(":")[0] for problem in problems(environ)]
    assert names == ["BLENDBEAT_KEYS_FILE", "BLENDBEAT_SALTS_FILE", "BLENDBEAT_ADMIN_TOKENS_FILE", SECRETS_ARN]


def test_the_members_of_a_secret_are_variables_and_others_are_left_alone() -> None:
    text = json.dumps({"BLENDBEAT_KEYS": VALUE, "BLENDBEAT_SALTS": "", "password": "x"})
    assert completed({SECRETS_ARN: ARN, "PORT": "1"}, answering(text)) == {"BLENDBEAT_KEYS": VALUE, "PORT": "1"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (VALUE, "no JSON object"),
        (json.dumps([VALUE]), "no JSON object"),
        (json.dumps({"BLENDBEAT_KEYS": [VALUE]}), "no JSON object"),
        (json.dumps({"BLENDBEAT_KEY": VALUE}), "has BLENDBEAT_KEY; it may have BLENDBEAT_KEYS"),
        (json.dumps({"BLENDBEAT_TTL_S": "1"}), "has BLENDBEAT_TTL_S"),
    ],
)
def test_a_secret_of_another_shape_is_a_problem_that_does_not_quote_it(text: str, said: str) -> None:
    (problem,) = problems({SECRETS_ARN: ARN}, text)
    assert said in problem


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    """The address of a Secrets Manager."""
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def secrets_manager(aws: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    return boto3.client("secretsmanager", region_name="eu-central-1")


def test_a_secret_is_fetched_by_its_arn(secrets_manager: Any) -> None:
    text = json.dumps({"BLENDBEAT_KEYS": "aabb", "BLENDBEAT_SALTS": "ccdd"})
    arn = secrets_manager.create_secret(Name="blendbeat/keys", SecretString=text)["ARN"]
    found = completed({SECRETS_ARN: arn, "PORT": "1"})
    assert found == {"BLENDBEAT_KEYS": "aabb", "BLENDBEAT_SALTS": "ccdd", "PORT": "1"}


def test_bytes_are_refused(secrets_manager: Any) -> None:
    arn = secrets_manager.create_secret(Name="blendbeat/bytes", SecretBinary=VALUE.encode())["ARN"]
    with pytest.raises(BadSettings, match="BLENDBEAT_SECRETS_ARN: the secret is no text") as refused:
        completed({SECRETS_ARN: arn})
    assert VALUE not in str(refused.value)


@pytest.mark.usefixtures("secrets_manager")
def test_a_secret_that_is_not_there_is_a_problem_with_its_reason() -> None:
    with pytest.raises(BadSettings, match=r"BLENDBEAT_SECRETS_ARN: .*ResourceNotFoundException"):
        completed({SECRETS_ARN: ARN})


def test_a_manager_that_stumbles_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class Stumbling(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.headers["X-Amz-Target"])
            self.rfile.read(int(self.headers["Content-Length"]))
            body = json.dumps({"SecretString": '{"BLENDBEAT_KEYS": "aabb"}'}).encode()
            self.send_response(503 if len(asked) < 3 else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name there
            pass

    with HTTPServer(("127.0.0.1", 0), Stumbling) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        assert completed({SECRETS_ARN: ARN}) == {"BLENDBEAT_KEYS": "aabb"}
        server.shutdown()
    assert asked == ["secretsmanager.GetSecretValue"] * 3
