"""Things of EC2, which have ids instead of names, and are found by their tags."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from infra.kind import Kind
from infra.names import ENVIRONMENT_TAG, RESOURCE_TAG, Scope, as_list, as_mapping
from infra.seen import Seen
from infra.session import Aws
from infra.values import Call, Fields, Found, Resource


class Tagged(Kind):
    """A kind whose things carry our tags from the call on that makes them.

    A subclass says how they are listed (`describe`, and `members` of its answer as
    JMESPath), which member is the id, and what of an answer are fields. `outputs` is
    `id` unless it says more.
    """

    describe: ClassVar[str]
    members: ClassVar[str]
    identity: ClassVar[str]
    type: ClassVar[str]
    """As TagSpecifications calls it."""
    filters: ClassVar[str] = "Filters"
    state: ClassVar[str] = "State"
    gone: ClassVar[frozenset[str]] = frozenset({"deleted", "terminated"})

    def observe(self, aws: Aws, scope: Scope, seen: Seen) -> Iterable[Found]:
        """Whatever has our tags; the lowest id first."""
        found = [
            self.found(answer, aws)
            for answer in aws.each("ec2", self.describe, self.members, **{self.filters: ours(scope)})
            if is_ours(answer, scope) and str(answer.get(self.state, "")).lower() not in self.gone
        ]
        return self.preferred(sorted(found, key=lambda have: have.label), aws, seen)

    def found(self, answer: Mapping[str, Any], aws: Aws) -> Found:
        """One thing, as the core knows things."""
        label = str(answer[self.identity])
        return Found(
            kind=self.name,
            key=as_mapping(answer["Tags"])[RESOURCE_TAG],
            label=label,
            fields=self.fields(answer, aws),
            outputs={"id": label, **self.outputs(answer)},
            leaving=str(answer.get(self.state, "")).lower() == "deleting",
        )

    @abstractmethod
    def fields(self, answer: Mapping[str, Any], aws: Aws) -> Fields:
        """What of *answer* may be compared."""

    def outputs(self, answer: Mapping[str, Any]) -> dict[str, str]:  # noqa: ARG002  for those that have more
        """What others may refer to besides the id."""
        return {}

    def preferred(self, found: list[Found], aws: Aws, seen: Seen) -> list[Found]:  # noqa: ARG002  for those that choose
        """*found* with what is to be kept first, should there be two of one."""
        return found

    def tagging(self, want: Resource) -> list[dict[str, Any]]:
        """The argument TagSpecifications of the creating call."""
        return [{"ResourceType": self.type, "Tags": as_list(want.tags)}]

    def made(self, operation: str, want: Resource, gives: str, **params: Any) -> Call:
        """The creating call, whose answer has the id at *gives*."""
        return Call(
            "ec2", operation, {**params, "TagSpecifications": self.tagging(want)}, gives={"id": gives}, creates=True
        )


def is_ours(answer: Mapping[str, Any], scope: Scope) -> bool:
    """Asked again here: a filter that some store of AWS's API does not know would make everybody's things ours."""
    tags = as_mapping(answer.get("Tags", ()))
    return scope.owns(tags) and RESOURCE_TAG in tags


def ours(scope: Scope) -> list[dict[str, Any]]:
    """Filters for what has our tags. Both: what has only the environment's was tagged by hand, for the bill perhaps."""
    return [
        {"Name": f"tag:{ENVIRONMENT_TAG}", "Values": [scope.environment.name]},
        {"Name": "tag-key", "Values": [RESOURCE_TAG]},
    ]
