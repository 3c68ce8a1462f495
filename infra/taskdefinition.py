"""What a task is: the image, its limits, its settings, its logs, and how it is asked whether it lives."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from infra import firewall, iam, keys
from infra.kind import Kind
from infra.logs import group_name
from infra.names import Scope, as_list, as_mapping
from infra.seen import Seen
from infra.servicesettings import settings
from infra.session import Aws
from infra.values import Call, Found, Ref, Resource, Steps, Unordered

DEFINITION: Final = "tasks/definition"
RETIRED: Final = "tasks/definitions-deregistered"
CONTAINER: Final = "origin"
_USER: Final = "10001:10001"
_ALIVE: Final = (
    "import http.client as h, os; c = h.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=2); "
    "c.request('GET', '/health'); raise SystemExit(c.getresponse().status != 200)"
)
"""As in the Dockerfile, whose own HEALTHCHECK ECS ignores."""

_AT_ONCE: Final = 10
"""DeleteTaskDefinitions takes no more."""


def resources(scope: Scope) -> Iterator[Resource]:
    """What is wanted, as soon as there is an image."""
    if scope.image:
        yield scope.resource("task definition", DEFINITION, _fields(scope), name=scope.name())


def _fields(scope: Scope) -> dict[str, Any]:
    tasks = scope.environment.tasks
    return {
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": str(tasks.cpu_units),
        "memory": str(tasks.memory_mib),
        "runtimePlatform": {"cpuArchitecture": tasks.architecture.value, "operatingSystemFamily": "LINUX"},
        "executionRoleArn": iam.role(iam.EXECUTION),
        "taskRoleArn": iam.role(iam.TASK),
        "containerDefinitions": [_container(scope)],
    }


def _container(scope: Scope) -> dict[str, Any]:
    tasks, times = scope.environment.tasks, scope.environment.timeouts
    environment: Mapping[str, str | Ref] = {**settings(scope.environment), "BLENDBEAT_SECRETS_ARN": keys.arn(scope)}
    return {
        "name": CONTAINER,
        "image": scope.image,
        "essential": True,
        "user": _USER,
        "readonlyRootFilesystem": True,
        "portMappings": [{"containerPort": firewall.PORT, "protocol": "tcp"}],
        "environment": Unordered(tuple({"name": name, "value": text} for name, text in environment.items())),
        "linuxParameters": {
            # PID 1 that passes SIGTERM on and reaps what pixel children leave.
            "initProcessEnabled": True,
            "capabilities": {"drop": ["ALL"]},
            "tmpfs": [{"containerPath": "/tmp", "size": tasks.tmp_mib, "mountOptions": ["noexec", "nosuid", "nodev"]}],  # noqa: S108
        },
        "ulimits": [{"name": "nofile", "softLimit": tasks.nofile, "hardLimit": tasks.nofile}],
        "healthCheck": {
            "command": ["CMD", "python", "-c", _ALIVE],
            "interval": 10,
            "timeout": 5,
            "retries": 3,
            "startPeriod": tasks.start_period_s,
        },
        "stopTimeout": times.stop_s,
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": group_name(scope),
                "awslogs-region": scope.region,
                "awslogs-stream-prefix": CONTAINER,
                # Rather a line less than a service that waits for its log.
                "mode": "non-blocking",
                "max-buffer-size": f"{scope.environment.logs.buffer_mib}m",
            },
        },
    }


class TaskDefinition(Kind):
    """A family of revisions. The newest is compared; a change is one more revision."""

    name = "task definition"
    renews = frozenset({"arn"})

    def observe(self, aws: Aws, scope: Scope, seen: Seen) -> Iterable[Found]:  # noqa: ARG002  as every kind
        """The newest active revision; if there are deregistered ones only, those."""
        active, retired = (_revisions(aws, scope, status) for status in ("ACTIVE", "INACTIVE"))
        if not active and not retired:
            return
        newest = (active or retired)[-1]
        answer = aws.read("ecs", "describe_task_definition", taskDefinition=newest, include=["TAGS"])
        definition = answer["taskDefinition"]
        containers = definition["containerDefinitions"]
        fields = {**definition, "active": active, "retired": retired}
        outputs = {"arn": newest, "image": containers[0]["image"]}
        owned = scope.owns(as_mapping(answer.get("tags", ()), "key", "value"))
        yield Found(self.name, DEFINITION if active else RETIRED, _short(newest), fields, outputs, ours=owned)

    def create(self, want: Resource) -> Steps:
        """The first revision."""
        return (_register(want),)

    def update(self, want: Resource, have: Found, changed: frozenset[str]) -> Steps:  # noqa: ARG002
        """One more revision. The old ones stay, to go back to; twice the same does no harm."""
        return (_register(want),)

    def delete(self, have: Found) -> Steps:
        """All revisions: first none can be started any more, then they are deleted."""
        active, retired = have.fields["active"], have.fields["retired"]
        everything = [*retired, *active]
        some = [everything[first : first + _AT_ONCE] for first in range(0, len(everything), _AT_ONCE)]
        return (
            *(Call("ecs", "deregister_task_definition", {"taskDefinition": arn}) for arn in active),
            *(Call("ecs", "delete_task_definitions", {"taskDefinitions": arns}) for arns in some),
        )


def _register(want: Resource) -> Call:
    tags = as_list(want.tags, "key", "value")
    gives = {"arn": "taskDefinition.taskDefinitionArn"}
    return Call("ecs", "register_task_definition", {"family": want.name, **want.fields, "tags": tags}, gives=gives)


def _revisions(aws: Aws, scope: Scope, status: str) -> list[str]:
    """ARNs of our family's revisions, oldest first."""
    arns = aws.each("ecs", "list_task_definitions", "taskDefinitionArns[]", familyPrefix=scope.name(), status=status)
    family = [arn for arn in arns if _short(arn).rpartition(":")[0] == scope.name()]
    return sorted(family, key=lambda arn: int(arn.rpartition(":")[2]))


def _short(arn: str) -> str:
    return arn.rpartition("/")[2]


KINDS: Final = (TaskDefinition(),)
