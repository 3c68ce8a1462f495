"""An account of AWS in this process, and what a person does with it."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import boto3

from infra.apply import Builder, Silence
from infra.desired import Environment
from infra.estate import KINDS, Situation, look
from infra.plan import Change
from infra.session import Aws
from tests.infra.hooks import Hooks, Made

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/blendbeat-staging:1"
REGION = "us-east-1"


class Hurried:
    """A clock in which waiting takes no time."""

    def __init__(self) -> None:
        self._now_s = 0.0

    def now_s(self) -> float:
        return self._now_s

    def sleep(self, seconds: float) -> None:
        self._now_s += seconds


@dataclass
class Account:
    """Made once for all tests, since clients are slow to make; emptied before each."""

    session: boto3.Session
    aws: Aws
    hooks: Hooks

    @classmethod
    def opened(cls) -> "Account":
        session = boto3.Session(aws_access_key_id="nobody", aws_secret_access_key="nothing", region_name=REGION)
        hooks = Hooks(session)
        return cls(session, Aws(session, REGION), hooks)

    def look(self, environment: Environment, image: str = IMAGE) -> Situation:
        return look(self.aws, environment, image)

    def apply(self, situation: Situation, changes: tuple[Change, ...]) -> list[Made]:
        builder = Builder(self.aws, situation.scope, KINDS, situation.seen, Hurried(), Silence())
        with self.hooks.recorded() as made:
            builder.apply(changes)
        return made

    def up(self, environment: Environment) -> list[Made]:
        """Its mutating calls."""
        situation = self.look(environment)
        return self.apply(situation, situation.changes())

    def down(self, environment: Environment) -> list[Made]:
        """Its mutating calls."""
        situation = self.look(environment)
        return self.apply(situation, situation.removal())

    def inventory(self) -> Counter[str]:
        """How many of each thing there are, whoever owns them."""
        return Counter({name: len(self._all(*listing)) for name, listing in _LISTINGS.items()})

    def _all(self, service: str, operation: str, members: str, params: dict[str, Any]) -> list[Any]:
        return self.aws.each(service, operation, members, **params)


_LISTINGS: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "vpc": ("ec2", "describe_vpcs", "Vpcs[]", {}),
    "gateway": ("ec2", "describe_internet_gateways", "InternetGateways[]", {}),
    "subnet": ("ec2", "describe_subnets", "Subnets[]", {}),
    "table": ("ec2", "describe_route_tables", "RouteTables[]", {}),
    "route": ("ec2", "describe_route_tables", "RouteTables[].Routes[]", {}),
    "association": ("ec2", "describe_route_tables", "RouteTables[].Associations[]", {}),
    "address": ("ec2", "describe_addresses", "Addresses[]", {}),
    "nat": ("ec2", "describe_nat_gateways", "NatGateways[?State!='deleted'][]", {}),
    "group": ("ec2", "describe_security_groups", "SecurityGroups[]", {}),
    "rule": ("ec2", "describe_security_group_rules", "SecurityGroupRules[]", {}),
    "endpoint": ("ec2", "describe_vpc_endpoints", "VpcEndpoints[?State!='deleted'][]", {}),
    "repository": ("ecr", "describe_repositories", "repositories[]", {}),
    "log group": ("logs", "describe_log_groups", "logGroups[]", {}),
    "secret": ("secretsmanager", "list_secrets", "SecretList[]", {}),
    "role": ("iam", "list_roles", "Roles[]", {}),
    "balancer": ("elbv2", "describe_load_balancers", "LoadBalancers[]", {}),
    "targets": ("elbv2", "describe_target_groups", "TargetGroups[]", {}),
    "cluster": ("ecs", "describe_clusters", "clusters[?status=='ACTIVE'][]", {"clusters": ["blendbeat-staging", "blendbeat-production", "blendbeat-sealed"]}),
    "definition": ("ecs", "list_task_definitions", "taskDefinitionArns[]", {"status": "ACTIVE"}),
    "retired": ("ecs", "list_task_definitions", "taskDefinitionArns[]", {"status": "INACTIVE"}),
}
