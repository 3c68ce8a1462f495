"""An empty account for each test, and no network but this machine's own."""

import os
import socket
from collections.abc import Iterator
from functools import cache
from typing import Any
from unittest import mock

import pytest
from moto import mock_aws

from tests.infra import faithful
from tests.infra.account import Account

ENVIRON = {
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "nothing",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/nonexistent",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
    "MOTO_ECS_SERVICE_RUNNING": "2",
}
_connect = socket.socket.connect


@pytest.fixture(autouse=True)
def _closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that moto does not answer must not reach anybody."""

    def connect(self: socket.socket, address: Any) -> None:
        local = self.family == socket.AF_UNIX or address[0] in ("127.0.0.1", "localhost", "::1")
        assert local, f"a test connects to {address}"
        _connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, text in ENVIRON.items():
        monkeypatch.setenv(name, text)


@cache
def _opened() -> Account:
    return Account.opened()


@pytest.fixture
def account() -> Iterator[Account]:
    """An empty account. What was asked of it is checked against the models at the end."""
    with mock.patch.dict(os.environ, ENVIRON), mock_aws(), faithful.corrected():
        account = _opened()
        account.hooks.reset()
        yield account
        assert account.hooks.wrong == []
