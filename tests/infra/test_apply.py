from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from infra.errors import Absent, InfraError, NoAccess, Refused, TookTooLong, Unanswered, WrongPlace
from infra.estate import COMPONENTS
from infra.session import Aws
from tests.infra.account import Account, Hurried
from tests.infra.samples import PRODUCTION, STAGING


@contextmanager
def answering(account: Account, operation: str, answer: Callable[[], Any]) -> Iterator[None]:
    """*answer* before every call of *operation*: it may raise, or return an answer of its own."""

    def before(model: Any, **_: Any) -> Any:
        return answer() if model.name == operation else None

    account.session.events.register("before-call", before)
    for client in account.aws._clients.values():
        client.meta.events.register("before-call", before)
    try:
        yield
    finally:
        account.session.events.unregister("before-call", before)
        for client in account.aws._clients.values():
            client.meta.events.unregister("before-call", before)


def failing(times: int, code: str, message: str = "") -> Callable[[], None]:
    left = iter(range(times))

    def answer() -> None:
        if next(left, None) is not None:
            raise ClientError({"Error": {"Code": code, "Message": message}}, "Anything")

    return answer


def test_a_role_that_cannot_be_assumed_yet_is_waited_for(account: Account) -> None:
    account.up(STAGING, COMPONENTS[:-1])
    refusal = failing(2, "InvalidParameterException", "Unable to assume the service linked role.")
    with answering(account, "CreateService", refusal):
        account.up(STAGING)
    assert account.look(STAGING).changes() == ()


def test_what_is_in_use_still_is_deleted_a_little_later(account: Account) -> None:
    account.up(STAGING)
    with answering(account, "DeleteSecurityGroup", failing(3, "DependencyViolation", "has a dependent object")):
        account.down(STAGING)
    assert account.look(STAGING).seen.found == ()


def test_waiting_has_an_end(account: Account) -> None:
    account.up(STAGING, COMPONENTS[:3])
    with (
        answering(account, "DeleteVpc", failing(10_000, "DependencyViolation", "has dependencies")),
        pytest.raises(Refused, match="DependencyViolation"),
    ):
        account.down(STAGING, COMPONENTS[:3])


def test_a_gateway_that_fails_ends_the_wait_with_what_it_is(account: Account) -> None:
    account.up(PRODUCTION, COMPONENTS[:1])

    def failed() -> Any:
        gateway = {"NatGatewayId": "nat-1", "SubnetId": "subnet-1", "State": "failed", "Tags": [
            {"Key": "blendbeat:environment", "Value": "production"},
            {"Key": "blendbeat:resource", "Value": "network/nat-a"},
        ]}  # fmt: skip
        made = any(call.name == "ec2.CreateNatGateway" for call in account.hooks.made)
        return (OK, {"NatGateways": [gateway]}) if made else None

    with answering(account, "DescribeNatGateways", failed), pytest.raises(TookTooLong, match="which is failed"):
        account.up(PRODUCTION, COMPONENTS[:2])


class Ok:
    status_code = 200


OK = Ok()


def test_a_throttled_create_is_looked_for_and_repeated(account: Account) -> None:
    with answering(account, "CreateVpc", failing(2, "RequestLimitExceeded")):
        account.up(STAGING, COMPONENTS[:1])
    assert account.inventory()["vpc"] == 2


def test_a_create_that_is_never_answered_ends_with_a_clear_error(account: Account) -> None:
    def silent() -> None:
        raise EndpointConnectionError(endpoint_url="https://ec2.us-east-1.amazonaws.com")

    with answering(account, "CreateVpc", silent), pytest.raises(Unanswered, match="run the same command again"):
        account.up(STAGING, COMPONENTS[:1])


ERRORS = [
    ("AccessDenied", Refused, "these credentials need ec2:Anything"),
    ("UnauthorizedOperation", Refused, "these credentials need"),
    ("VpcLimitExceeded", Refused, "a quota is reached"),
    ("TooManyLoadBalancers", Refused, "a quota is reached"),
    ("ExpiredToken", NoAccess, "log in"),
    ("InvalidClientTokenId", NoAccess, "log in"),
    ("InvalidVpcID.NotFound", Absent, "run the same command again"),
    ("InternalError", Unanswered, "in a minute"),
]


@pytest.mark.parametrize(("code", "kind", "remedy"), ERRORS, ids=[row[0] for row in ERRORS])
def test_errors_of_aws_say_what_to_type_next(account: Account, code: str, kind: type[InfraError], remedy: str) -> None:
    with answering(account, "DescribeVpcs", failing(1, code)), pytest.raises(kind, match=remedy):
        account.aws.each("ec2", "describe_vpcs", "Vpcs[]")


def test_no_credentials_is_said_so(account: Account) -> None:
    def none() -> None:
        raise NoCredentialsError

    with answering(account, "GetCallerIdentity", none), pytest.raises(NoAccess, match="aws configure"):
        account.aws.account()


def test_another_account_and_no_region_end_before_anything_is_looked_at(account: Account) -> None:
    account.hooks.read_only = True
    assert account.aws.account("123456789012") == "123456789012"
    with pytest.raises(WrongPlace, match="this environment lives in 210987654321"):
        account.aws.account("210987654321")
    with pytest.raises(WrongPlace, match="'us-west-9' is no region"):
        Aws(account.session, "us-west-9")


def test_the_clock_of_these_tests_takes_no_time() -> None:
    clock = Hurried()
    clock.sleep(1e9)
    assert clock.now_s() == 1e9
