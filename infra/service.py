"""The service: how many tasks of what, where, and how one set of them is replaced by the next."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from infra import alb, firewall, taskdefinition
from infra.cluster import CLUSTER, FIRST_OF_ALL
from infra.cost import Estate, Line
from infra.desired import Architecture, Egress, Tasks, Traffic
from infra.kind import Kind
from infra.names import Scope, as_list, as_mapping
from infra.network import private, public
from infra.prices import Prices
from infra.seen import Seen
from infra.session import Aws
from infra.values import Call, Fields, Found, Ref, Resource, Steps, Unordered, Wait

SERVICE: Final = "tasks/service"
_NOT_YET: Final = (
    *FIRST_OF_ALL,
    # The one of this name that is being deleted.
    ("InvalidParameterException", "Draining"),
    ("InvalidParameterException", "does not have an associated load balancer"),
)


def resources(scope: Scope) -> Iterator[Resource]:
    """What is wanted, as soon as there is something to run."""
    if scope.image:
        initial = {"desiredCount": scope.environment.tasks.desired}
        yield scope.resource("service", SERVICE, _fields(scope), name=scope.name(), initial=initial)


def _fields(scope: Scope) -> dict[str, Any]:
    outside = scope.environment.network.egress is Egress.PUBLIC
    subnets = public(scope) if outside else private(scope)
    container = {"containerName": taskdefinition.CONTAINER, "containerPort": firewall.PORT}
    return {
        "taskDefinition": Ref(taskdefinition.DEFINITION, "arn"),
        "capacityProviderStrategy": Unordered(strategy(scope.environment.tasks)),
        "networkConfiguration": {
            "awsvpcConfiguration": {
                "subnets": Unordered(tuple(Ref(key) for key in subnets)),
                "securityGroups": Unordered((Ref(firewall.TASKS),)),
                "assignPublicIp": "ENABLED" if outside else "DISABLED",
            }
        },
        "loadBalancers": [{"targetGroupArn": Ref(alb.TARGETS, "arn"), **container}],
        "healthCheckGracePeriodSeconds": scope.environment.timeouts.grace_s,
        "deploymentConfiguration": {
            "strategy": "ROLLING",
            "minimumHealthyPercent": 100,
            "maximumPercent": 200,
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        },
        "availabilityZoneRebalancing": "ENABLED",
        "enableECSManagedTags": True,
        "propagateTags": "SERVICE",
        # Its agent writes to the root file system, which is read-only.
        "enableExecuteCommand": False,
    }


def strategy(tasks: Tasks) -> tuple[dict[str, Any], ...]:
    """Which share of the tasks is on Spot.

    >>> strategy(Tasks(on_demand=1, spot_percent=75))[1]
    {'capacityProvider': 'FARGATE_SPOT', 'weight': 75, 'base': 0}
    """
    spot = tasks.spot_percent
    both = (
        {"capacityProvider": "FARGATE", "weight": 100 - spot, "base": tasks.on_demand},
        {"capacityProvider": "FARGATE_SPOT", "weight": spot, "base": 0},
    )
    return tuple(item for item in both if item["weight"] or item["base"])


class Service(Kind):
    """A service of ECS. How many tasks it has is autoscaling's, and never said again."""

    name = "service"

    def observe(self, aws: Aws, scope: Scope, seen: Seen) -> Iterable[Found]:  # noqa: ARG002  as every kind
        """The one with our name; one that was deleted drains first and is listed as inactive then."""
        names = {"cluster": scope.name(), "services": [scope.name()]}
        answer = aws.maybe("ecs", "describe_services", **names, include=["TAGS"])
        for service in answer["services"] if answer else ():
            if service["status"] != "INACTIVE":
                owned = scope.owns(as_mapping(service.get("tags", ()), "key", "value"))
                yield Found(
                    self.name,
                    SERVICE,
                    service["serviceName"],
                    service,
                    {"name": service["serviceName"], "arn": service["serviceArn"]},
                    ours=owned,
                    leaving=service["status"] == "DRAINING",
                )

    def create(self, want: Resource) -> Steps:
        """A service."""
        named = {"cluster": Ref(CLUSTER, "name"), "serviceName": want.name}
        tags = as_list(want.tags, "key", "value")
        gives = {"name": "service.serviceName", "arn": "service.serviceArn"}
        params = {**named, **want.wanted, "tags": tags}
        return (Call("ecs", "create_service", params, gives=gives, creates=True, patient=_NOT_YET),)

    def update(self, want: Resource, have: Found, changed: frozenset[str]) -> Steps:
        """What differs, and nothing else: what is not said stays as it is."""
        params = {"cluster": want.name, "service": have.label, **{name: want.fields[name] for name in sorted(changed)}}
        # ECS refuses another strategy without new tasks.
        forced = {"forceNewDeployment": True} if "capacityProviderStrategy" in changed else {}
        return (Call("ecs", "update_service", {**params, **forced}, patient=_NOT_YET),)

    def delete(self, have: Found) -> Steps:
        """The service, and until its tasks have drained and stopped."""
        params = {"cluster": have.label, "service": have.label, "force": True}
        return (Call("ecs", "delete_service", params), Wait("the tasks to stop", gone=have.label))

    def costs(self, key: str, estate: Estate, prices: Prices, traffic: Traffic) -> Iterable[Line]:  # noqa: ARG002
        """Tasks by the second, for what they reserve, and their addresses if these are public."""
        service, definition = estate[key], estate.get(taskdefinition.DEFINITION)
        if definition is None:
            return
        count = int(service["desiredCount"])
        processors, gigabytes = int(definition["cpu"]) / 1024, int(definition["memory"]) / 1024
        arm = definition["runtimePlatform"]["cpuArchitecture"] == Architecture.ARM64
        vcpu = prices.vcpu_hour_arm if arm else prices.vcpu_hour_x86
        memory = prices.memory_gb_hour_arm if arm else prices.memory_gb_hour_x86
        each = (processors * vcpu + gigabytes * memory) * prices.hours
        spot = _spot_tasks(service, count)
        size = f"{processors:g} vCPU and {gigabytes:g} GB"
        if count - spot:
            yield Line(key, f"{count - spot:g} tasks of {size}", (count - spot) * each)
        if spot:
            low, high = (spot * each * part for part in (prices.spot_low, prices.spot_high))
            yield Line(key, f"{spot:g} tasks of {size} on Spot", low, high)
        if service["networkConfiguration"]["awsvpcConfiguration"].get("assignPublicIp") == "ENABLED":
            yield Line(key, f"{count} public IPv4 addresses of tasks", count * prices.public_ipv4_hour * prices.hours)


def _spot_tasks(service: Fields, count: int) -> float:
    told = service.get("capacityProviderStrategy") or ()
    items: Iterable[Mapping[str, Any]] = told.items if isinstance(told, Unordered) else told
    weights = {item["capacityProvider"]: item for item in items}
    spot = weights.get("FARGATE_SPOT", {}).get("weight", 0)
    if not spot:
        return 0
    certain = weights.get("FARGATE", {})
    share: float = spot / (spot + certain.get("weight", 0))
    return max(0, count - int(certain.get("base", 0))) * share


KINDS: Final = (Service(),)
