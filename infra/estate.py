"""All components, in order of dependency: the list to add one to.

A component is a module with `KINDS` and `resources(scope)`. What it refers to is in an
earlier row; things are made from the first row to the last, and deleted the other way.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from infra import (
    alb,
    cluster,
    ecr,
    endpoints,
    firewall,
    iam,
    keys,
    logs,
    network,
    routing,
    service,
    taskdefinition,
)
from infra.apply import observe
from infra.desired import Environment
from infra.errors import InfraError
from infra.kind import Kind
from infra.names import Scope
from infra.plan import Change, plan
from infra.seen import Seen
from infra.session import Aws
from infra.values import Ref, Resource


@dataclass(frozen=True, slots=True)
class Component:
    """One row.

    Args:
        kinds: In order of dependency, too.
        resources: What an environment wants of them; pure.
    """

    name: str
    kinds: Sequence[Kind]
    resources: Callable[[Scope], Iterator[Resource]]


COMPONENTS: Final = (
    Component("network", network.KINDS, network.resources),
    Component("routing", routing.KINDS, routing.resources),
    Component("firewall", firewall.KINDS, firewall.resources),
    Component("endpoints", endpoints.KINDS, endpoints.resources),
    Component("registry", ecr.KINDS, ecr.resources),
    Component("logs", logs.KINDS, logs.resources),
    Component("keys", keys.KINDS, keys.resources),
    Component("roles", iam.KINDS, iam.resources),
    Component("balancer", alb.KINDS, alb.resources),
    Component("cluster", cluster.KINDS, cluster.resources),
    Component("definition", taskdefinition.KINDS, taskdefinition.resources),
    Component("service", service.KINDS, service.resources),
)


def kinds_of(components: Sequence[Component]) -> tuple[Kind, ...]:
    """Their kinds, in the same order."""
    return tuple(kind for component in components for kind in component.kinds)


KINDS: Final = kinds_of(COMPONENTS)


def desired(scope: Scope, components: Sequence[Component] = COMPONENTS) -> tuple[Resource, ...]:
    """Everything that *scope* wants of *components*. Pure."""
    return tuple(want for component in components for want in component.resources(scope))


@dataclass(frozen=True, slots=True)
class Situation:
    """What is wanted beside what there is, at one moment."""

    scope: Scope
    seen: Seen
    components: Sequence[Component] = COMPONENTS

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds that were looked at."""
        return kinds_of(self.components)

    @property
    def wanted(self) -> tuple[Resource, ...]:
        """What the environment wants of them."""
        return desired(self.scope, self.components)

    def changes(self) -> tuple[Change, ...]:
        """What would make the one the other."""
        return plan(self.wanted, self.seen.found, self.kinds)

    def removal(self) -> tuple[Change, ...]:
        """What would leave nothing."""
        return plan((), self.seen.found, self.kinds)


def look(
    aws: Aws, environment: Environment, image: str = "", components: Sequence[Component] = COMPONENTS
) -> Situation:
    """Observe everything. Reads only.

    Args:
        image: What tasks should run, if it is to be another than now.
        components: The first so many rows, if later ones do not matter.

    Raises:
        WrongPlace: The environment lives in another account.
    """
    scope = Scope(environment, aws.account(environment.account), _zones(aws, environment.network.zones))
    seen = observe(aws, scope, kinds_of(components))
    scope = replace(scope, image=image or environment.tasks.image or _image(aws, seen))
    return Situation(scope, seen, components)


def _zones(aws: Aws, count: int) -> tuple[str, ...]:
    filters = [{"Name": "zone-type", "Values": ["availability-zone"]}, {"Name": "state", "Values": ["available"]}]
    zones = sorted(aws.each("ec2", "describe_availability_zones", "AvailabilityZones[].ZoneName", Filters=filters))
    if len(zones) < count:
        raise InfraError(
            f"{aws.region} has {len(zones)} availability zones, and the network wants {count}",
            "change network.zones or the region in infra/environments.py",
        )
    return tuple(zones[:count])


def _image(aws: Aws, seen: Seen) -> str:
    """What runs already, else the newest image that was pushed, by its digest; empty for neither."""
    if running := seen.output(Ref(taskdefinition.DEFINITION, "image")):
        return running
    repository = seen.get("repository", ecr.REPOSITORY)
    if repository is None:
        return ""
    images = aws.each("ecr", "describe_images", "imageDetails[]", repositoryName=repository.label)
    newest = max(images, key=lambda image: image["imagePushedAt"], default=None)
    return f"{repository.outputs['uri']}@{newest['imageDigest']}" if newest else ""
