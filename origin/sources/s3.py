"""Source images from the buckets of S3, or of a store that speaks its language.

Credentials are found as everywhere with AWS: in the environment, in its files, or
from the role of the task or machine. The address rules for the web do not hold
here, for the endpoint is the operator's own; in return only named buckets are read.
"""

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, closing
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    HTTPClientError,
    NoCredentialsError,
    ReadTimeoutError,
)
from botocore.exceptions import ConnectionError as NoConnectionError

from origin.errors import (
    OriginError,
    SourceDown,
    SourceFailed,
    SourceForbidden,
    SourceMissing,
    SourceTimeout,
    TooCostly,
    lack,
)
from origin.recipe import SourceRef
from origin.settings import SourceSettings
from origin.sources.conditions import validators_in
from origin.sources.freight import Freight
from origin.sources.held import NONE, SourceImage, Validators
from origin.sources.unpacking import unpacked

_CHUNK_BYTES = 256 * 1024
_NOT_MODIFIED, _DENIED, _MISSING, _TOO_MANY_REQUESTS = 304, 403, 404, 429
_LONGEST_KEY_BYTES: Final = 1024
_LONGEST_CODE: Final = 60

Interrupt = Callable[[float, BaseException], AbstractContextManager[object]]
"""As `origin.concurrency.Deadline`, with exceptions of any kind."""


class _OutOfTime(BaseException):
    """No Exception: those the client would take for failures of the network, and try again."""


class S3Source:
    """Fetches ``s3://bucket/key``; the key is everything behind the slash, taken literally or refused.

    Args:
        client: What `connect` makes.
        settings: The limits, and which buckets are read.
        deadline: Bounds a whole fetch, whatever it is waiting for.
        breathe: Called after every part of a body.
        freight: What all fetches together may hold.
    """

    def __init__(
        self,
        client: Any,
        settings: SourceSettings,
        deadline: Interrupt,
        breathe: Callable[[], None] = lambda: None,
        freight: Freight | None = None,
    ) -> None:
        self._client = client
        self._settings = settings
        self._deadline = deadline
        self._breathe = breathe
        self._freight = freight or Freight()

    def fetch(self, source: SourceRef, held: Validators = NONE) -> SourceImage | None:
        """The bytes of *source*, or None if the store says that *held* still names them.

        Raises:
            SourceForbidden: The bucket is not among those that are read, or the key has segments of dots.
            SourceMissing: There is no such bucket or key.
            SourceFailed: The store refuses, or answers with something odd.
            SourceDown: The store cannot be reached, fails, or has too much to do.
            SourceTimeout: It took too long, in one step or altogether.
            TooCostly: More bytes than the limit.
            Overloaded: There is no room for them beside what others fetch, or no file left to fetch them with.
        """
        bucket, key = located(source.url, self._settings.s3_buckets)
        limit = self._settings.timeout_s
        try:
            with self._deadline(limit, _OutOfTime()):
                return self._object(bucket, key, held)
        except _OutOfTime:
            raise SourceTimeout(f"{bucket} did not finish within {limit:g} s") from None
        except ClientError as error:
            if held.etag and _status(error) == _NOT_MODIFIED:
                return None
            raise _refusal(error, bucket) from None
        except BotoCoreError as error:
            raise _failure(error, bucket) from None

    def _object(self, bucket: str, key: str, held: Validators) -> SourceImage:
        condition = {"IfNoneMatch": held.etag} if held.etag else {}
        answer = self._client.get_object(Bucket=bucket, Key=key, **condition)
        limit = self._settings.max_bytes
        # Closed before its end, a body takes its connection with it: nobody waits for what is not wanted.
        with closing(answer["Body"]) as body, self._freight.carrying() as carry:
            if (declared := int(answer.get("ContentLength", 0))) > limit:
                raise TooCostly(f"{bucket} declared {declared} bytes; at most {limit} are fetched")
            chunks: list[bytes] = []
            total = 0
            for chunk in unpacked(body.iter_chunks(_CHUNK_BYTES), answer.get("ContentEncoding", ""), bucket):
                total += len(chunk)
                if total > limit:
                    raise TooCostly(f"{bucket} sent more than {limit} bytes")
                carry(len(chunk))
                chunks.append(chunk)
                self._breathe()
            whole = b"".join(chunks)
        return SourceImage(whole, validators_in({"ETag": answer.get("ETag", "")}, ""))


def connect(settings: SourceSettings) -> Any:
    """A client for all threads or greenlets, with one retry, and as many connections as fetches may run at once."""
    config = Config(
        connect_timeout=settings.connect_timeout_s,
        read_timeout=settings.read_timeout_s,
        retries={"mode": "standard", "total_max_attempts": 2},
        max_pool_connections=settings.concurrency,
        # Other stores have no names for their buckets, and do not all know the newer checksums.
        s3={"addressing_style": "path" if settings.s3_endpoint else "auto"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return boto3.session.Session().client(
        "s3", region_name=settings.s3_region or None, endpoint_url=settings.s3_endpoint or None, config=config
    )


def located(url: str, buckets: Collection[str]) -> tuple[str, str]:
    """Bucket and key of *url*, if the bucket is one of *buckets*.

    Raises:
        SourceForbidden: It is not, or the key has a segment that some take for a way up and out of the bucket.
        SourceMissing: There can be no such key.

    >>> located("s3://photos/a%20b//c..jpg?d#e", ("photos",))
    ('photos', 'a%20b//c..jpg?d#e')
    """
    bucket, _, key = url.removeprefix("s3://").partition("/")
    if bucket not in buckets:
        # Without its name, which may have credentials in front.
        raise SourceForbidden("the bucket is not among those that are read")
    # Such keys may exist, but a proxy or a store that tidies paths would read another bucket.
    if not {".", ".."}.isdisjoint(key.split("/")):
        raise SourceForbidden("the key has a segment of dots")
    try:
        length = len(key.encode())
    except UnicodeEncodeError:
        length = 0
    if not 0 < length <= _LONGEST_KEY_BYTES:
        raise SourceMissing(f"{bucket} has keys of 1 to {_LONGEST_KEY_BYTES} bytes of text, and none like this one")
    return bucket, key


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _refusal(error: ClientError, bucket: str) -> OriginError:
    status, code = _status(error), str(error.response.get("Error", {}).get("Code", ""))[:_LONGEST_CODE]
    if status == _MISSING:
        return SourceMissing(f"{bucket} has no such key" if code != "NoSuchBucket" else f"there is no bucket {bucket}")
    if status == _DENIED:
        # To whoever may not list a bucket, S3 does not say that a key is missing either.
        return SourceFailed(f"{bucket} denies access, or has no such key and may not say so: {code}")
    if status >= 500 or status == _TOO_MANY_REQUESTS:
        return SourceDown(f"{bucket} answered {status}: {code}")
    return SourceFailed(f"{bucket} answered {status}: {code}")


def _failure(error: BotoCoreError, bucket: str) -> OriginError:
    if (ours := lack(error)) is not None:
        return ours
    if isinstance(error, ConnectTimeoutError | ReadTimeoutError):
        return SourceTimeout(f"{bucket} was silent for too long")
    if isinstance(error, NoConnectionError | HTTPClientError):
        return SourceDown(f"{bucket} cannot be reached: {type(error).__name__}")
    if isinstance(error, NoCredentialsError):
        return SourceFailed(f"there are no credentials for {bucket}")
    return SourceFailed(f"{bucket} cannot be read: {type(error).__name__}")
