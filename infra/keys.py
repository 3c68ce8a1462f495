"""The secret with the service's signing keys, made once and never shown."""

import json
import secrets
from collections.abc import Iterable, Iterator
from typing import Final

from infra.cost import Estate, Line
from infra.desired import Traffic
from infra.kind import Kind
from infra.names import Scope, as_list, as_mapping
from infra.prices import Prices
from infra.seen import Seen
from infra.session import Aws
from infra.values import Call, Found, Fresh, Ref, Resource, Steps

KEYS: Final = "secrets/keys"


def resources(scope: Scope) -> Iterator[Resource]:
    """What is wanted, unless the environment names a secret of its own."""
    if not scope.environment.tasks.secret_arn:
        yield scope.resource("secret", KEYS, {}, name=_name(scope), initial={"SecretString": Fresh(_new)})


def arn(scope: Scope) -> str | Ref:
    """Where the keys are."""
    return scope.environment.tasks.secret_arn or Ref(KEYS, "arn")


def _name(scope: Scope) -> str:
    return f"blendbeat/{scope.environment.name}/keys"


def _new() -> str:
    """As docs/security-keys.md describes it."""
    return json.dumps(
        {
            "BLENDBEAT_KEYS": secrets.token_hex(32),
            "BLENDBEAT_SALTS": secrets.token_hex(32),
            "BLENDBEAT_ADMIN_TOKENS": secrets.token_urlsafe(32),
        }
    )


class Secret(Kind):
    """A secret of Secrets Manager. What is in it is its readers' business."""

    name = "secret"

    def observe(self, aws: Aws, scope: Scope, seen: Seen) -> Iterable[Found]:  # noqa: ARG002  as every kind
        """The one with our name; one that is scheduled for deletion has the name still, and is leaving."""
        answer = aws.maybe("secretsmanager", "describe_secret", SecretId=_name(scope))
        if answer:
            tags = as_mapping(answer.get("Tags", ()))
            leaving = "DeletedDate" in answer
            yield Found(
                self.name, KEYS, answer["Name"], {}, {"arn": answer["ARN"]}, ours=scope.owns(tags), leaving=leaving
            )

    def create(self, want: Resource) -> Steps:
        """New keys in a new secret."""
        params = {"Name": want.name, "Description": "Keys that URLs of pictures are signed with", **want.initial}
        call = Call(
            "secretsmanager",
            "create_secret",
            {**params, "Tags": as_list(want.tags)},
            gives={"arn": "ARN"},
            creates=True,
        )
        return (call,)

    def update(self, want: Resource, have: Found, changed: frozenset[str]) -> Steps:  # noqa: ARG002
        """Keys are rotated by hand: docs/security-keys.md."""
        return ()

    def delete(self, have: Found) -> Steps:
        """At once: scheduled for deletion it would stand in the way of the next one for a week."""
        params = {"SecretId": have.label, "ForceDeleteWithoutRecovery": True}
        return (Call("secretsmanager", "delete_secret", params),)

    def costs(self, key: str, estate: Estate, prices: Prices, traffic: Traffic) -> Iterable[Line]:  # noqa: ARG002
        """By the secret."""
        yield Line(key, "secret", prices.secret)


KINDS: Final = (Secret(),)
