"""The ECS cluster, with capacity on demand and on Spot."""

from collections.abc import Iterable, Iterator
from typing import Final

from infra.cost import Estate, Line
from infra.desired import Traffic
from infra.kind import Kind
from infra.names import Scope, as_list, as_mapping
from infra.prices import Prices
from infra.seen import Seen
from infra.session import Aws
from infra.values import Call, Found, Resource, Steps, Unordered

CLUSTER: Final = "tasks/cluster"
_INSIGHTS_METRICS: Final = 30
FIRST_OF_ALL: Final = (
    ("InvalidParameterException", "service linked role"),
    ("InvalidParameterException", "assume"),
)
"""The first call of an account makes a role for ECS itself, which can be assumed a little later only."""

_BUSY: Final = (
    ("ClusterContainsServicesException", ""),
    ("ClusterContainsTasksException", ""),
    ("UpdateInProgressException", ""),
)


def resources(scope: Scope) -> Iterator[Resource]:
    """What is wanted."""
    insights = "enabled" if scope.environment.container_insights else "disabled"
    fields = {
        "settings": Unordered(({"name": "containerInsights", "value": insights},)),
        "capacityProviders": Unordered(("FARGATE", "FARGATE_SPOT")),
    }
    yield scope.resource("cluster", CLUSTER, fields, name=scope.name())


class Cluster(Kind):
    """What services run in."""

    name = "cluster"

    def observe(self, aws: Aws, scope: Scope, seen: Seen) -> Iterable[Found]:  # noqa: ARG002  as every kind
        """The one with our name. One that was deleted is listed as inactive for a while."""
        answer = aws.read("ecs", "describe_clusters", clusters=[scope.name()], include=["TAGS", "SETTINGS"])
        for cluster in answer["clusters"]:
            if cluster["status"] != "INACTIVE":
                tags = as_mapping(cluster.get("tags", ()), "key", "value")
                outputs = {"name": cluster["clusterName"], "arn": cluster["clusterArn"]}
                yield Found(self.name, CLUSTER, cluster["clusterName"], cluster, outputs, ours=scope.owns(tags))

    def create(self, want: Resource) -> Steps:
        """A cluster."""
        params = {"clusterName": want.name, **want.fields, "tags": as_list(want.tags, "key", "value")}
        gives = {"name": "cluster.clusterName", "arn": "cluster.clusterArn"}
        return (Call("ecs", "create_cluster", params, gives=gives, creates=True, patient=FIRST_OF_ALL),)

    def update(self, want: Resource, have: Found, changed: frozenset[str]) -> Steps:
        """Each field has a call of its own."""
        steps: list[Call] = []
        if "settings" in changed:
            steps.append(Call("ecs", "update_cluster", {"cluster": have.label, "settings": want.fields["settings"]}))
        if "capacityProviders" in changed:
            names = want.fields["capacityProviders"]
            params = {"cluster": have.label, "capacityProviders": names, "defaultCapacityProviderStrategy": []}
            steps.append(Call("ecs", "put_cluster_capacity_providers", params, patient=_BUSY))
        return tuple(steps)

    def delete(self, have: Found) -> Steps:
        """The cluster, once the last task has stopped."""
        return (Call("ecs", "delete_cluster", {"cluster": have.label}, patient=_BUSY),)

    def costs(self, key: str, estate: Estate, prices: Prices, traffic: Traffic) -> Iterable[Line]:  # noqa: ARG002
        """Container insights are metrics like others."""
        settings = estate[key].get("settings") or ()
        items = settings.items if isinstance(settings, Unordered) else settings
        if any(item["name"] == "containerInsights" and item["value"] != "disabled" for item in items):
            beyond = max(0, _INSIGHTS_METRICS - prices.free_metrics)
            text = f"container insights, about {_INSIGHTS_METRICS} metrics"
            yield Line(key, text, beyond * prices.metric, _INSIGHTS_METRICS * prices.metric)


KINDS: Final = (Cluster(),)
