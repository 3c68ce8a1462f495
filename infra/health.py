"""Whether the service that was wanted is the one that answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from infra.alb import TARGETS
from infra.apply import Clock, Progress
from infra.errors import TookTooLong
from infra.estate import Situation
from infra.session import Aws
from infra.values import Ref

_EVERY_S: Final = 5.0
_LIMIT_S: Final = 1200
_EVENTS: Final = 3


@dataclass(frozen=True, slots=True)
class Health:
    """How a service is.

    Args:
        steady: It is as it should be.
        failed: It is not going to be.
        what: In words.
    """

    steady: bool
    failed: bool
    what: str


def judge(service: Mapping[str, Any], target_states: Sequence[str]) -> Health:
    """How *service*, as DescribeServices tells it, is with targets in these states. Pure.

    Steady is one deployment, complete, with all its tasks running, and as many healthy targets.

    >>> judge({"desiredCount": 2, "runningCount": 2, "deployments": [{"rolloutState": "COMPLETED"}]}, ["healthy"]).what
    '2 of 2 tasks run, 1 of them healthy'
    """
    wanted, running = service["desiredCount"], service["runningCount"]
    healthy = sum(state == "healthy" for state in target_states)
    rollouts = [deployment.get("rolloutState", "COMPLETED") for deployment in service["deployments"]]
    steady = rollouts == ["COMPLETED"] and running >= wanted and healthy >= wanted
    return Health(steady, "FAILED" in rollouts, f"{running} of {wanted} tasks run, {healthy} of them healthy")


def await_healthy(aws: Aws, situation: Situation, clock: Clock, progress: Progress) -> None:
    """Until the service is steady.

    Raises:
        TookTooLong: It is not within twenty minutes, or its deployment failed; with what ECS said last.
    """
    name = situation.scope.name()
    began_s = clock.now_s()
    while True:
        (service,) = aws.read("ecs", "describe_services", cluster=name, services=[name])["services"]
        health = judge(service, _targets(aws, situation))
        since_s = clock.now_s() - began_s
        if health.steady:
            return
        if health.failed or since_s >= _LIMIT_S:
            said = "".join(f"\n  {event['message']}" for event in service.get("events", ())[:_EVENTS])
            raise TookTooLong(
                f"the service is not healthy after {since_s:.0f} s: {health.what}{said}",
                f"look at why tasks stop: `aws logs tail /ecs/{name}`, and `aws ecs describe-services --cluster {name} "
                f"--services {name}`",
            )
        progress.waiting(f"the service: {health.what}", since_s, _LIMIT_S)
        clock.sleep(_EVERY_S)


def _targets(aws: Aws, situation: Situation) -> list[str]:
    arn = situation.seen.output(Ref(TARGETS, "arn"))
    answer = aws.read("elbv2", "describe_target_health", TargetGroupArn=arn)
    return [target["TargetHealth"]["State"] for target in answer["TargetHealthDescriptions"]]
