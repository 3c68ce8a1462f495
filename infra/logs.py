"""Where the tasks' logs go, and how long they stay."""

from collections.abc import Iterable, Iterator
from typing import Final

from infra.cost import Estate, Line
from infra.desired import Traffic
from infra.kind import Kind
from infra.names import Scope
from infra.prices import Prices
from infra.seen import Seen
from infra.session import Aws
from infra.values import Call, Found, Resource, Steps

GROUP: Final = "logs/tasks"


def group_name(scope: Scope) -> str:
    """The log group's name."""
    return f"/ecs/{scope.name()}"


def resources(scope: Scope) -> Iterator[Resource]:
    """What is wanted."""
    fields = {"retentionInDays": scope.environment.logs.retention_days}
    yield scope.resource("log group", GROUP, fields, name=group_name(scope))


class LogGroup(Kind):
    """A log group of CloudWatch."""

    name = "log group"

    def observe(self, aws: Aws, scope: Scope, seen: Seen) -> Iterable[Found]:  # noqa: ARG002  as every kind
        """The one with our name."""
        name = group_name(scope)
        for group in aws.each("logs", "describe_log_groups", "logGroups[]", logGroupNamePrefix=name):
            if group["logGroupName"] != name:
                continue
            arn = scope.arn("logs", f"log-group:{name}")
            tags = aws.read("logs", "list_tags_for_resource", resourceArn=arn)["tags"]
            fields = {"retentionInDays": group.get("retentionInDays")}
            yield Found(self.name, GROUP, name, fields, {"arn": arn}, ours=scope.owns(tags))

    def create(self, want: Resource) -> Steps:
        """A group, then how long it keeps things: for ever, if it is not told."""
        params = {"logGroupName": want.name, "tags": dict(want.tags)}
        return (Call("logs", "create_log_group", params, creates=True), _retention(want))

    def update(self, want: Resource, have: Found, changed: frozenset[str]) -> Steps:  # noqa: ARG002
        """How long it keeps things."""
        return (_retention(want),)

    def delete(self, have: Found) -> Steps:
        """The group with all it has."""
        return (Call("logs", "delete_log_group", {"logGroupName": have.label}),)

    def costs(self, key: str, estate: Estate, prices: Prices, traffic: Traffic) -> Iterable[Line]:  # noqa: ARG002
        """By what is written; the first gigabytes of an account are free."""
        everything = traffic.gigabytes_logs * prices.log_gigabyte
        beyond = max(0, traffic.gigabytes_logs - prices.free_log_gigabytes) * prices.log_gigabyte
        yield Line(key, f"{traffic.gigabytes_logs} GB of logs", beyond, everything)


def _retention(want: Resource) -> Call:
    days = want.fields["retentionInDays"]
    return Call("logs", "put_retention_policy", {"logGroupName": want.name, "retentionInDays": days})


KINDS: Final = (LogGroup(),)
