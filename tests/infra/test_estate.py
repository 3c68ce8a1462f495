import json
from collections import Counter
from dataclasses import fields, replace
from itertools import pairwise
from typing import Any

import pytest

from infra.desired import Architecture, Domain, Egress, Environment, Routing
from infra.errors import CannotChange, Foreign
from infra.estate import COMPONENTS, KINDS, desired
from infra.iam import allow, policy
from infra.names import RESOURCE_TAG, Scope
from infra.plan import Action, Change, plan
from infra.values import Call, Ref, Text, Unordered
from tests.infra.account import Account
from tests.infra.samples import ALL, CERTIFICATE, PRODUCTION, SEALED, SECURE, STAGING

each_environment = pytest.mark.parametrize("environment", ALL, ids=lambda environment: environment.name)


def camel(call: Call) -> str:
    return f"{call.service}.{call.operation.replace('_', '')}".lower()


@each_environment
def test_up_calls_what_plan_said_and_a_second_up_nothing(account: Account, environment: Environment) -> None:
    situation = account.look(environment)
    account.hooks.read_only = True
    changes = account.look(environment).changes()
    account.hooks.read_only = False
    made = account.apply(situation, changes)
    assert [call.name.lower() for call in made] == [camel(call) for change in changes for call in change.calls]
    account.hooks.read_only = True
    assert account.look(environment).changes() == ()
    assert account.up(environment) == []


@each_environment
def test_what_plan_knows_of_a_call_is_what_is_called(account: Account, environment: Environment) -> None:
    situation = account.look(environment)
    changes = situation.changes()
    made = account.apply(situation, changes)
    for call, done in zip((call for change in changes for call in change.calls), made, strict=True):
        plain = {name: value for name, value in call.params.items() if isinstance(value, str | int | bool)}
        assert plain.items() <= done.params.items()


@each_environment
def test_up_then_down_leaves_what_was_there_before(account: Account, environment: Environment) -> None:
    before = account.inventory()
    account.up(environment)
    assert account.inventory() != before
    account.down(environment)
    assert account.inventory() == before
    assert account.look(environment).seen.found == ()
    account.hooks.read_only = True
    assert account.down(environment) == []


def test_two_environments_share_an_account_and_leave_each_other_alone(account: Account) -> None:
    account.up(STAGING)
    account.up(PRODUCTION)
    account.down(STAGING)
    account.hooks.read_only = True
    assert account.look(PRODUCTION).changes() == ()


def references(value: object) -> set[str]:
    match value:
        case Ref(key):
            return {key}
        case Text(parts) | Unordered(parts):
            return {key for part in parts for key in references(part)}
        case dict():
            return {key for part in value.values() for key in references(part)}
        case list() | tuple():
            return {key for part in value for key in references(part)}
    return references(value.value) if hasattr(value, "value") and not isinstance(value, str) else set()


@each_environment
def test_resources_refer_to_earlier_kinds_only(environment: Environment) -> None:
    wanted = desired(Scope(environment, "123456789012", ("us-east-1a", "us-east-1b"), "image"))
    order = [kind.name for kind in KINDS]
    kinds = {want.key: want.kind for want in wanted}
    for want in wanted:
        for key in references(dict(want.wanted)):
            assert order.index(kinds[key]) < order.index(want.kind), f"{want.key} refers to {key}"


@each_environment
def test_keys_are_unique_and_tags_are_in_the_call_that_makes_a_thing(environment: Environment) -> None:
    wanted = desired(Scope(environment, "123456789012", ("us-east-1a", "us-east-1b"), "image"))
    assert max(Counter(want.key for want in wanted).values()) == 1
    assert max(Counter(want.name for want in wanted if want.kind in ("load balancer", "target group")).values()) == 1
    for change in plan(wanted, (), KINDS):
        first = change.calls[0]
        said = str(first.params)
        assert not first.creates or RESOURCE_TAG in said or change.kind == "route", first


def test_every_row_has_kinds_and_no_kind_stands_twice() -> None:
    assert all(component.kinds for component in COMPONENTS)
    assert max(Counter(kind.name for kind in KINDS).values()) == 1


def paths(changes: tuple[Change, ...]) -> set[tuple[str, str]]:
    """What changes, as a person would say it."""
    found: set[tuple[str, str]] = set()
    for change in changes:
        names = {field.path for field in change.fields} if change.action is Action.UPDATE else {change.action.value}
        found |= {(change.key, name) for name in names}
    return found


CONTAINER = "containerDefinitions[0]"
DEFINITION = "tasks/definition"
REVISION = {("tasks/service", "taskDefinition")}
"""A change of what a task is, is a change of what the service runs."""

ONE_FIELD = [
    ("repository", "keep_images", 30, {("registry/repository", "lifecyclePolicyText.rules[1].description"),
                                       ("registry/repository", "lifecyclePolicyText.rules[1].selection.countNumber")}),
    ("repository", "untagged_days", 8, {("registry/repository", "lifecyclePolicyText.rules[0].description"),
                                        ("registry/repository", "lifecyclePolicyText.rules[0].selection.countNumber")}),
    ("logs", "retention_days", 14, {("logs/tasks", "retentionInDays")}),
    ("logs", "buffer_mib", 30, {(DEFINITION, f"{CONTAINER}.logConfiguration.options.max-buffer-size")} | REVISION),
    ("timeouts", "idle_s", 61, {("edge/balancer", "Attributes.idle_timeout.timeout_seconds")}),
    ("timeouts", "deregistration_s", 31, {("edge/targets", "Attributes.deregistration_delay.timeout_seconds")}),
    ("timeouts", "stop_s", 61, {(DEFINITION, f"{CONTAINER}.stopTimeout")} | REVISION),
    ("timeouts", "drain_s", 31, {(DEFINITION, f"{CONTAINER}.environment[BLENDBEAT_DRAIN_S].value")} | REVISION),
    ("timeouts", "request_deadline_s", 24, {
        (DEFINITION, f"{CONTAINER}.environment[BLENDBEAT_{name}_TIMEOUT_S].value")
        for name in ("QUEUE", "SOURCE", "TRANSFORM")} | REVISION),
    ("timeouts", "grace_s", 61, {("tasks/service", "healthCheckGracePeriodSeconds")}),
    ("balancer", "health_interval_s", 11, {("edge/targets", "HealthCheckIntervalSeconds")}),
    ("balancer", "health_timeout_s", 4, {("edge/targets", "HealthCheckTimeoutSeconds")}),
    ("balancer", "healthy_count", 3, {("edge/targets", "HealthyThresholdCount")}),
    ("balancer", "unhealthy_count", 4, {("edge/targets", "UnhealthyThresholdCount")}),
    ("balancer", "routing", Routing.ROUND_ROBIN, {("edge/targets", "Attributes.load_balancing.algorithm.type")}),
    ("balancer", "slow_start_s", 30, {("edge/targets", "Attributes.slow_start.duration_seconds")}),
    ("balancer", "protected", False, {("edge/balancer", "Attributes.deletion_protection.enabled")}),
    ("tasks", "architecture", Architecture.X86_64, {(DEFINITION, "runtimePlatform.cpuArchitecture")} | REVISION),
    ("tasks", "cpu_units", 1024, {(DEFINITION, "cpu")} | REVISION),
    ("tasks", "memory_mib", 2048, {(DEFINITION, "memory"),
                                   (DEFINITION, f"{CONTAINER}.environment[BLENDBEAT_MEMORY_TIER_BYTES].value"),
                                   *REVISION}),
    ("tasks", "tmp_mib", 65, {(DEFINITION, f"{CONTAINER}.linuxParameters.tmpfs[0].size")} | REVISION),
    ("tasks", "nofile", 4096, {(DEFINITION, f"{CONTAINER}.ulimits[0].softLimit"),
                               (DEFINITION, f"{CONTAINER}.ulimits[0].hardLimit")} | REVISION),
    ("tasks", "start_period_s", 61, {(DEFINITION, f"{CONTAINER}.healthCheck.startPeriod")} | REVISION),
    ("tasks", "on_demand", 1, {("tasks/service", "capacityProviderStrategy[FARGATE].base")}),
    ("tasks", "spot_percent", 40, {("tasks/service", "capacityProviderStrategy[FARGATE].weight"),
                                   ("tasks/service", "capacityProviderStrategy[FARGATE_SPOT].weight")}),
    ("tasks", "desired", 4, set()),
    ("tasks", "settings", (("BLENDBEAT_QUALITY", "70"),),
     {(DEFINITION, f"{CONTAINER}.environment[BLENDBEAT_QUALITY]")} | REVISION),
    ("tasks", "buckets", ("pictures",), {(DEFINITION, f"{CONTAINER}.environment[BLENDBEAT_S3_BUCKETS]"),
                                         ("iam/task", "PolicyDocument.Statement")} | REVISION),
    ("", "container_insights", False, {("tasks/cluster", "settings[containerInsights].value")}),
]  # fmt: skip


def changed(environment: Environment, part: str, field: str, value: Any) -> Environment:
    if not part:
        return replace(environment, **{field: value})
    return replace(environment, **{part: replace(getattr(environment, part), **{field: value})})


def test_a_field_that_changes_plans_that_and_nothing_else(account: Account) -> None:
    account.up(PRODUCTION)
    situation = account.look(PRODUCTION)
    for part, field, value, expected in ONE_FIELD:
        other = replace(situation.scope, environment=changed(PRODUCTION, part, field, value))
        assert paths(replace(situation, scope=other).changes()) == expected, f"{part}.{field}"


@pytest.mark.parametrize("at_once", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_every_field_can_be_changed_by_up_and_is_then_as_it_should_be(account: Account, at_once: bool) -> None:
    environment = PRODUCTION
    account.up(environment)
    for part, field, value, _ in ONE_FIELD:
        environment = changed(environment, part, field, value)
        if not at_once:
            account.up(environment)
    account.up(environment)
    account.hooks.read_only = True
    assert account.look(environment).changes() == ()


def test_every_field_of_the_desired_state_is_tried() -> None:
    tried = {(part, field) for part, field, *_ in ONE_FIELD}
    parts = {"": PRODUCTION, **{part: getattr(PRODUCTION, part) for part in (*TRIED_PARTS,)}}
    declared = {(part, name.name) for part, value in parts.items() for name in fields(value)}
    assert declared - tried == ELSEWHERE


TRIED_PARTS = ("network", "repository", "logs", "timeouts", "balancer", "tasks")
ELSEWHERE = {
    *(("", name) for name in (*TRIED_PARTS, "domain", "traffic", "name", "region", "account")),
    # Ways out and refusals have tests of their own.
    ("network", "cidr"), ("network", "zones"), ("network", "egress"),
    ("tasks", "image"), ("tasks", "secret_arn"),
    # These are of hops that are not in the estate, or fixed in the service.
    ("timeouts", "edge_keepalive_s"), ("timeouts", "edge_read_s"),
    ("timeouts", "server_keepalive_s"),
}  # fmt: skip

PUBLIC, NAT, ZONES, ENDS = Egress.PUBLIC, Egress.NAT, Egress.NAT_PER_ZONE, Egress.ENDPOINTS
NETWORK = COMPONENTS[:4]
EVERY_CHANGE = (PUBLIC, NAT, PUBLIC, ZONES, PUBLIC, ENDS, NAT, ZONES, NAT, ENDS, ZONES, ENDS, PUBLIC)


def test_any_way_out_can_become_any_other(account: Account) -> None:
    assert len(set(pairwise(EVERY_CHANGE))) == len(Egress) * (len(Egress) - 1)
    for egress in EVERY_CHANGE:
        environment = replace(SEALED, network=replace(SEALED.network, egress=egress))
        account.up(environment, NETWORK)
        situation = account.look(environment, rows=NETWORK)
        assert situation.changes() == (), egress
        assert len(situation.seen.found) == len(situation.wanted), egress


def test_tasks_move_to_other_subnets_before_the_old_way_out_goes(account: Account) -> None:
    inside = replace(STAGING, network=replace(STAGING.network, egress=NAT))
    account.up(STAGING)
    moved = account.up(inside)
    assert moved[-1].name == "ecs.UpdateService"
    back = [call.name for call in account.up(STAGING)]
    assert back.index("ecs.UpdateService") < back.index("ec2.DeleteNatGateway") < back.index("ec2.ReleaseAddress")
    assert account.look(STAGING).changes() == ()


def test_a_zone_comes_and_goes(account: Account) -> None:
    wide = replace(STAGING, network=replace(STAGING.network, zones=3))
    account.up(STAGING)
    before = account.inventory()
    for environment in (wide, STAGING):
        (change,) = (change for change in account.look(environment).changes() if change.kind == "vpc endpoint")
        (call,) = change.calls
        # Only what differs: AWS refuses to remove what the same call adds.
        assert len(call.params.get("AddRouteTableIds", ())) + len(call.params.get("RemoveRouteTableIds", ())) == 1
        account.up(environment)
        assert account.look(environment).changes() == ()
    assert account.inventory() == before


def test_a_domain_comes_and_goes(account: Account) -> None:
    account.up(PRODUCTION)
    added = account.look(SECURE).changes()
    assert {(change.action, change.key) for change in added} == {
        (Action.CREATE, "firewall/balancer/from 0.0.0.0/0 tcp 443"),
        (Action.CREATE, "edge/listener-443"),
        (Action.UPDATE, "edge/listener-80"),
    }
    account.up(SECURE)
    account.up(PRODUCTION)
    account.hooks.read_only = True
    assert account.look(PRODUCTION).changes() == ()
    other = replace(PRODUCTION, domain=Domain(name="img.example.com", certificate_arn=CERTIFICATE.replace("0a", "0b")))
    assert account.look(other).changes() != ()


def test_how_many_tasks_there_are_is_not_ours(account: Account) -> None:
    account.up(STAGING)
    account.aws.call(
        "ecs", "update_service", {"cluster": "blendbeat-staging", "service": "blendbeat-staging", "desiredCount": 5}
    )
    account.hooks.read_only = True
    assert account.look(STAGING).changes() == ()


def test_the_image_is_the_deployments_own_once_something_runs(account: Account) -> None:
    account.up(STAGING)
    account.hooks.read_only = True
    assert account.look(STAGING, image="").changes() == ()
    (definition, service) = account.look(STAGING, image="registry/other:2").changes()
    assert [field.path for field in definition.fields] == [f"{CONTAINER}.image"]
    assert [field.path for field in service.fields] == ["taskDefinition"]


def test_without_an_image_there_is_everything_but_a_service(account: Account) -> None:
    situation = account.look(STAGING, image="")
    account.apply(situation, situation.changes())
    keys = {change.key for change in account.look(STAGING).changes()}
    assert keys == {"tasks/definition", "tasks/service"}


def test_what_somebody_opened_by_hand_is_drift_and_is_closed_again(account: Account) -> None:
    account.up(STAGING)
    group = account.look(STAGING).seen.output(Ref("firewall/tasks"))
    opened = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    account.aws.call("ec2", "authorize_security_group_ingress", {"GroupId": group, "IpPermissions": [opened]})
    (change,) = account.look(STAGING).changes()
    assert (change.action, change.key) == (Action.DELETE, "firewall/tasks/from 0.0.0.0/0 tcp 22")
    account.up(STAGING)
    account.hooks.read_only = True
    assert account.look(STAGING).changes() == ()


def test_a_policy_that_somebody_attached_is_taken_away(account: Account) -> None:
    account.up(STAGING)
    name = "blendbeat-staging-us-east-1-task"
    document = json.dumps(policy([allow("All", ("s3:*",), "*")]))
    account.aws.call("iam", "put_role_policy", {"RoleName": name, "PolicyName": "more", "PolicyDocument": document})
    assert paths(account.look(STAGING).changes()) == {("iam/task", "PolicyNames")}
    account.up(STAGING)
    assert account.look(STAGING).changes() == ()


def test_a_field_that_cannot_change_in_place_is_refused_before_anything_happens(account: Account) -> None:
    account.up(STAGING)
    moved = replace(STAGING, network=replace(STAGING.network, cidr="10.99.0.0/16"))
    account.hooks.read_only = True
    with pytest.raises(CannotChange, match="CidrBlock of vpc"):
        account.look(moved).changes()


FOREIGN = [
    ("log group", "logs", "create_log_group", {"logGroupName": "/ecs/blendbeat-staging"}),
    ("repository", "ecr", "create_repository", {"repositoryName": "blendbeat-staging"}),
    ("secret", "secretsmanager", "create_secret", {"Name": "blendbeat/staging/keys", "SecretString": "x"}),
    ("role", "iam", "create_role", {"RoleName": "blendbeat-staging-us-east-1-task", "AssumeRolePolicyDocument": "{}"}),
    ("cluster", "ecs", "create_cluster", {"clusterName": "blendbeat-staging"}),
    ("task definition", "ecs", "register_task_definition", {"family": "blendbeat-staging", "containerDefinitions": [
        {"name": "theirs", "image": "theirs", "memory": 64}]}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "service", "operation", "params"), FOREIGN, ids=[row[0] for row in FOREIGN])
def test_what_has_our_name_and_not_our_tags_is_never_touched(
    account: Account, kind: str, service: str, operation: str, params: dict[str, object]
) -> None:
    account.aws.call(service, operation, params)
    before = account.inventory()
    account.hooks.read_only = True
    with pytest.raises(Foreign, match=f"there is a {kind} called"):
        account.look(STAGING, image="an/image").changes()
    account.hooks.read_only = False
    assert account.down(STAGING) == []
    assert account.inventory() == before


def test_of_two_that_are_ours_the_one_in_use_is_kept_and_the_other_goes(account: Account) -> None:
    account.up(STAGING)
    tags = Scope(STAGING, "123456789012", ()).tags("network/vpc")
    specification = [{"ResourceType": "vpc", "Tags": [{"Key": name, "Value": text} for name, text in tags.items()]}]
    for _ in range(3):
        account.aws.call("ec2", "create_vpc", {"CidrBlock": STAGING.network.cidr, "TagSpecifications": specification})
    situation = account.look(STAGING)
    assert [change.action for change in situation.changes()] == [Action.DELETE] * 3
    account.up(STAGING)
    account.hooks.read_only = True
    assert account.look(STAGING).changes() == ()
