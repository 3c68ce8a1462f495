"""The only place that talks to AWS: clients, the account guard, and what its errors mean for us."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import boto3
import jmespath
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.exceptions import ConnectionError as NoConnection

from infra.errors import Absent, InfraError, NoAccess, Refused, Unanswered, WrongPlace

_PATIENCE: Final = {"connect_timeout": 5, "read_timeout": 60}
_REPEATED: Final = Config(**_PATIENCE, retries={"mode": "standard", "total_max_attempts": 6})
_ONCE: Final = Config(**_PATIENCE, retries={"mode": "standard", "total_max_attempts": 1})
"""For calls that would make a second one if their answer is lost. botocore would repeat them without looking."""

_CREDENTIALS_REMEDY: Final = (
    "log in: `aws sso login`, or `aws configure`; then name the profile with --profile NAME, or AWS_PROFILE=NAME"
)
_ABSENT: Final = re.compile(
    r"NotFound(Exception|Fault)?$|\.NotFound$|^NoSuch|DoesNotExist|NotFoundFor|^ClusterNotFound|ServiceNotFound|"
    r"ServiceNotActive|InvalidAllocationID|Resource?Not(Found|Exist)"
)
_UNDECIDED: Final = frozenset(
    {"InternalError", "InternalFailure", "InternalServerError", "ServiceUnavailable", "ServiceException",
     "ServerException", "Unavailable", "RequestTimeout", "RequestTimeoutException", "500", "502", "503", "504"}
)  # fmt: skip
_THROTTLED: Final = re.compile(r"Throttl|RequestLimitExceeded|TooManyRequests|SlowDown|PriorRequestNotComplete")
_EXPIRED: Final = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure",
     "SignatureDoesNotMatch", "InvalidAccessKeyId", "RequestExpired"}
)  # fmt: skip
_DENIED: Final = re.compile(r"AccessDenied|UnauthorizedOperation|NotAuthorized|AuthorizationError")
_QUOTA: Final = re.compile(r"LimitExceeded|TooMany|QuotaExceeded|InsufficientFreeAddresses")


class Aws:
    """One account, one region.

    Args:
        session: Whose credentials are used; every client is made from it, so that its event hooks see every call.
        region: Where.

    Raises:
        WrongPlace: There is no such region.
    """

    def __init__(self, session: boto3.Session, region: str) -> None:
        if region not in session.get_available_regions("ecs"):
            raise WrongPlace(f"{region!r} is no region that has ECS", "name one with --region, such as us-east-1")
        self.region = region
        self._session = session
        self._clients: dict[tuple[str, bool], Any] = {}

    def account(self, expected: str = "") -> str:
        """The account's twelve digits.

        Args:
            expected: What they have to be; empty for any.

        Raises:
            WrongPlace: They are others.
        """
        account = str(self.read("sts", "get_caller_identity")["Account"])
        if expected and account != expected:
            raise WrongPlace(
                f"these credentials are of account {account}, and this environment lives in {expected}",
                "name a profile of that account with --profile NAME",
            )
        return account

    def read(self, service: str, operation: str, **params: Any) -> dict[str, Any]:
        """The answer to a call that changes nothing."""
        return self.call(service, operation, params)

    def maybe(self, service: str, operation: str, **params: Any) -> dict[str, Any] | None:
        """The answer to a call that changes nothing, None if what it asks about does not exist."""
        try:
            return self.read(service, operation, **params)
        except Absent:
            return None

    def each(self, service: str, operation: str, members: str, **params: Any) -> list[Any]:
        """All *members*, a JMESPath such as ``Vpcs[]``, of all pages of the answer."""
        client = self._client(service, once=False)
        with _translated(service, operation):
            if client.can_paginate(operation):
                found = client.get_paginator(operation).paginate(**params).search(members)
            else:
                found = jmespath.search(members, getattr(client, operation)(**params))
            return [member for member in found or () if member is not None]

    def call(self, service: str, operation: str, params: Mapping[str, Any], *, once: bool = False) -> dict[str, Any]:
        """The answer to any call.

        Args:
            once: Do not repeat it, whatever happens.

        Raises:
            Refused: AWS said no; `Absent` if the thing does not exist.
            Unanswered: Nobody knows whether it took effect.
            NoAccess: There are no credentials, or they are not enough.
        """
        client = self._client(service, once=once)
        with _translated(service, operation):
            answer: dict[str, Any] = getattr(client, operation)(**params)
        return answer

    def _client(self, service: str, *, once: bool) -> Any:
        if (service, once) not in self._clients:
            with _translated(service, "connect"):
                config = _ONCE if once else _REPEATED
                self._clients[service, once] = self._session.client(service, region_name=self.region, config=config)
        return self._clients[service, once]


def connect(region: str, profile: str = "") -> Aws:
    """The account that the credentials of *profile*, or of the environment, lead to."""
    with _translated("sts", "connect"):
        session = boto3.Session(profile_name=profile or None)
    return Aws(session, region)


@contextmanager
def _translated(service: str, operation: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        raise _meaning(error, service) from error
    except (NoCredentialsError, PartialCredentialsError, ProfileNotFound) as error:
        raise NoAccess(str(error), _CREDENTIALS_REMEDY) from error
    except (NoConnection, HTTPClientError) as error:
        raise Unanswered(
            f"{service}.{operation} was not answered: {error}",
            "look at the network and at --region, then run the same command again: it takes up where this one ended",
        ) from error
    except BotoCoreError as error:
        fact = f"{service}.{operation} cannot be asked: {error}"
        raise InfraError(fact, "look at the credentials and at --profile") from error


def _meaning(error: ClientError, service: str) -> InfraError:
    code = str(error.response.get("Error", {}).get("Code", "Unknown"))
    message = str(error.response.get("Error", {}).get("Message", ""))
    operation = f"{service}:{error.operation_name}"
    if code in _EXPIRED:
        return NoAccess(f"{operation}: {code}: {message}", _CREDENTIALS_REMEDY)
    if code in _UNDECIDED or _THROTTLED.search(code):
        return Unanswered(f"{operation}: {code}: {message}", "run the same command again in a minute")
    kind = Absent if _ABSENT.search(code) else Refused
    return kind(code, message, operation, _remedy(code, operation, service))


def _remedy(code: str, operation: str, service: str) -> str:
    if _DENIED.search(code):
        return f"these credentials need {operation}: ask whoever administers the account, or name others with --profile"
    if _QUOTA.search(code):
        return (
            f"a quota is reached: look at `aws service-quotas list-service-quotas --service-code {service}`, "
            "ask for more or free something, then run the same command again"
        )
    return "nothing else was begun; mend that, then run the same command again: it takes up where this one ended"
