"""An account of AWS in this process, and what a person does with it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import boto3
import jmespath
from moto.moto_api._internal.models import moto_api_backend

from infra.apply import Builder, Silence
from infra.desired import Environment
from infra.estate import COMPONENTS, Component, Situation, look
from infra.plan import Change
from infra.session import Aws
from tests.infra.hooks import Hooks, Made

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/blendbeat-staging:1"
REGION = "us-east-1"

Rows = Sequence[Component]


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

    def empty(self) -> None:
        """Everything is gone, at once."""
        moto_api_backend.reset()

    def look(self, environment: Environment, image: str = IMAGE, rows: Rows = COMPONENTS) -> Situation:
        return look(self.aws, environment, image, rows)

    def apply(self, situation: Situation, changes: tuple[Change, ...]) -> list[Made]:
        builder = Builder(self.aws, situation.scope, situation.kinds, situation.seen, Hurried(), Silence())
        with self.hooks.recorded() as made:
            builder.apply(changes)
        return made

    def up(self, environment: Environment, rows: Rows = COMPONENTS) -> list[Made]:
        """Its mutating calls."""
        situation = self.look(environment, rows=rows)
        return self.apply(situation, situation.changes())

    def down(self, environment: Environment, rows: Rows = COMPONENTS) -> list[Made]:
        """Its mutating calls."""
        situation = self.look(environment, rows=rows)
        return self.apply(situation, situation.removal())

    def inventory(self) -> Counter[str]:
        """How many of each thing there are, whoever owns them."""
        counts: Counter[str] = Counter()
        for (service, operation), listed in _LISTINGS.items():
            answer = self.aws.read(service, operation, **_ASKED.get(operation, {}))
            counts.update({name: len(jmespath.search(members, answer)) for name, members in listed.items()})
        return counts


_ASKED: dict[str, dict[str, Any]] = {
    "describe_clusters": {"clusters": [f"blendbeat-{name}" for name in ("staging", "production", "sealed", "frugal")]},
}

_LISTINGS = {
    ("ec2", "describe_vpcs"): {"vpc": "Vpcs[]"},
    ("ec2", "describe_internet_gateways"): {
        "gateway": "InternetGateways[]",
        "attachment": "InternetGateways[].Attachments[]",
    },
    ("ec2", "describe_subnets"): {"subnet": "Subnets[]"},
    ("ec2", "describe_route_tables"): {
        "table": "RouteTables[]",
        "route": "RouteTables[].Routes[]",
        "association": "RouteTables[].Associations[]",
    },
    ("ec2", "describe_addresses"): {"address": "Addresses[]"},
    ("ec2", "describe_nat_gateways"): {"nat": "NatGateways[?State!='deleted'][]"},
    ("ec2", "describe_security_groups"): {"group": "SecurityGroups[]"},
    ("ec2", "describe_security_group_rules"): {"rule": "SecurityGroupRules[]"},
    ("ec2", "describe_vpc_endpoints"): {"endpoint": "VpcEndpoints[?State!='deleted'][]"},
    ("ecr", "describe_repositories"): {"repository": "repositories[]"},
    ("logs", "describe_log_groups"): {"log group": "logGroups[]"},
    ("secretsmanager", "list_secrets"): {"secret": "SecretList[]"},
    ("iam", "list_roles"): {"role": "Roles[]"},
    ("elbv2", "describe_load_balancers"): {"balancer": "LoadBalancers[]"},
    ("elbv2", "describe_target_groups"): {"targets": "TargetGroups[]"},
    ("ecs", "describe_clusters"): {"cluster": "clusters[?status=='ACTIVE'][]"},
    ("ecs", "list_task_definitions"): {"definition": "taskDefinitionArns[]"},
}
"""What an account may have, by the call that lists it, as JMESPath into its answer."""
