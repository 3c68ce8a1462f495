"""Roles: what ECS may do to start a task, and what the service itself may do. No `*` where an ARN will do."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from infra import keys
from infra.kind import Kind
from infra.logs import group_name
from infra.names import Scope, as_list, as_mapping
from infra.seen import Seen
from infra.session import Aws
from infra.values import Call, Found, Json, Ref, Resource, Steps, Unordered

EXECUTION: Final = "iam/execution"
TASK: Final = "iam/task"
_POLICY: Final = "blendbeat"


def resources(scope: Scope) -> Iterator[Resource]:
    """What is wanted."""
    for key, statements in ((EXECUTION, _execution(scope)), (TASK, _task(scope))):
        fields = {
            "AssumeRolePolicyDocument": Json(_trust(scope)),
            "PolicyDocument": Json(policy(statements)),
            "PolicyNames": Unordered((_POLICY,)),
            "AttachedPolicies": Unordered(()),
        }
        yield scope.resource("role", key, fields, name=scope.global_name(key.partition("/")[2]))


def policy(statements: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(sid: str, actions: Sequence[str], resource: str | Ref | Sequence[str]) -> dict[str, Any]:
    """One statement of it."""
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": resource}


def _trust(scope: Scope) -> dict[str, Any]:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "ecs-tasks.amazonaws.com"},
        "Action": "sts:AssumeRole",
        # Or ECS could be talked into using the role by somebody else's task: the confused deputy.
        "Condition": {
            "StringEquals": {"aws:SourceAccount": scope.account},
            "ArnLike": {"aws:SourceArn": scope.arn("ecs", "*")},
        },
    }
    return policy([statement])


def _execution(scope: Scope) -> list[dict[str, Any]]:
    pull = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
    write = ("logs:CreateLogStream", "logs:PutLogEvents")
    return [
        # It has no resource to name.
        allow("LogInToRegistry", ("ecr:GetAuthorizationToken",), "*"),
        allow("PullImage", pull, scope.arn("ecr", f"repository/{scope.name()}")),
        allow("WriteLogs", write, scope.arn("logs", f"log-group:{group_name(scope)}:*")),
    ]


def _task(scope: Scope) -> list[dict[str, Any]]:
    tasks = scope.environment.tasks
    statements = [allow("ReadKeys", ("secretsmanager:GetSecretValue",), keys.arn(scope))]
    if tasks.buckets:
        arns = [f"arn:{scope.partition}:s3:::{bucket}" for bucket in tasks.buckets]
        statements.append(allow("ReadSources", ("s3:GetObject",), [f"{arn}/*" for arn in arns]))
        # Without it an object that is not there is 403 instead of 404.
        statements.append(allow("TellMissing", ("s3:ListBucket",), arns))
    return statements


class Role(Kind):
    """A role with one policy of its own. A policy that somebody adds to it is taken away again."""

    name = "role"

    def observe(self, aws: Aws, scope: Scope, seen: Seen) -> Iterable[Found]:  # noqa: ARG002  as every kind
        """Those with our names."""
        for key in (EXECUTION, TASK):
            name = scope.global_name(key.partition("/")[2])
            if answer := aws.maybe("iam", "get_role", RoleName=name):
                yield self._found(aws, scope, key, answer["Role"])

    def _found(self, aws: Aws, scope: Scope, key: str, role: Mapping[str, Any]) -> Found:
        name = role["RoleName"]
        tags = as_mapping(aws.each("iam", "list_role_tags", "Tags[]", RoleName=name))
        names = aws.each("iam", "list_role_policies", "PolicyNames[]", RoleName=name)
        ours = aws.read("iam", "get_role_policy", RoleName=name, PolicyName=_POLICY) if _POLICY in names else None
        fields = {
            "AssumeRolePolicyDocument": _parsed(role["AssumeRolePolicyDocument"]),
            "PolicyDocument": _parsed(ours["PolicyDocument"]) if ours else None,
            "PolicyNames": names,
            "AttachedPolicies": aws.each(
                "iam", "list_attached_role_policies", "AttachedPolicies[].PolicyArn", RoleName=name
            ),
        }
        return Found(self.name, key, name, fields, {"arn": role["Arn"]}, ours=scope.owns(tags))

    def create(self, want: Resource) -> Steps:
        """A role, then what it may do."""
        params = {"RoleName": want.name, "AssumeRolePolicyDocument": want.fields["AssumeRolePolicyDocument"]}
        call = Call(
            "iam", "create_role", {**params, "Tags": as_list(want.tags)}, gives={"arn": "Role.Arn"}, creates=True
        )
        return (call, _permit(want))

    def update(self, want: Resource, have: Found, changed: frozenset[str]) -> Steps:
        """Who may be it, and what it may do."""
        steps = list(_strip(have, keep=_POLICY))
        if "AssumeRolePolicyDocument" in changed:
            params = {"RoleName": want.name, "PolicyDocument": want.fields["AssumeRolePolicyDocument"]}
            steps.append(Call("iam", "update_assume_role_policy", params))
        if "PolicyDocument" in changed:
            steps.append(_permit(want))
        return tuple(steps)

    def delete(self, have: Found) -> Steps:
        """Whatever hangs on it first, whoever hung it there."""
        return (*_strip(have), Call("iam", "delete_role", {"RoleName": have.label}))


def _permit(want: Resource) -> Call:
    params = {"RoleName": want.name, "PolicyName": _POLICY, "PolicyDocument": want.fields["PolicyDocument"]}
    return Call("iam", "put_role_policy", params)


def _strip(have: Found, keep: str = "") -> Iterator[Call]:
    role = {"RoleName": have.label}
    for arn in have.fields["AttachedPolicies"]:
        yield Call("iam", "detach_role_policy", {**role, "PolicyArn": arn})
    for name in have.fields["PolicyNames"]:
        if name != keep:
            yield Call("iam", "delete_role_policy", {**role, "PolicyName": name})


def _parsed(document: Any) -> Any:
    return json.loads(document) if isinstance(document, str) else document


def role(key: str) -> Ref:
    """The ARN of the role *key*."""
    return Ref(key, "arn")


KINDS: Final = (Role(),)
