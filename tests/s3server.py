"""A store that speaks S3 over HTTP, on a port of its own, in threads of its own."""

import logging
import os
from contextlib import ExitStack
from functools import cache
from types import TracebackType
from typing import Any
from unittest import mock

from moto.server import ThreadedMotoServer

from origin.settings import SourceSettings
from origin.sources.s3 import connect
from tests.webserver import loopback_settings

MAX_BYTES = 100_000

ENVIRON = {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nothing", "AWS_EC2_METADATA_DISABLED": "true"}
"""What a client of it needs to find."""


@cache
def _running() -> str:
    """The endpoint of the one server of this process, which ends with it: starting and stopping take half a second."""
    # It says every request to standard error.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    return "http://{}:{}".format(*server.get_host_and_port())


class S3Server:
    """Some buckets, and a client for them. Use it as a context manager; afterwards they are gone.

    Args:
        buckets: Their names; the settings allow them.
    """

    def __init__(self, *buckets: str) -> None:
        self._buckets = buckets
        self._undo = ExitStack()

    def __enter__(self) -> "S3Server":
        self._undo.enter_context(mock.patch.dict(os.environ, ENVIRON))
        self.endpoint = _running()
        self.settings: SourceSettings = loopback_settings(
            s3_buckets=self._buckets, s3_endpoint=self.endpoint, s3_region="us-east-1", max_bytes=MAX_BYTES
        )
        self.client: Any = connect(self.settings)
        for bucket in self._buckets:
            self.client.create_bucket(Bucket=bucket)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for bucket in self._buckets:
            for entry in self.client.list_objects_v2(Bucket=bucket).get("Contents", ()):
                self.client.delete_object(Bucket=bucket, Key=entry["Key"])
            self.client.delete_bucket(Bucket=bucket)
        self.client.close()
        self._undo.close()
