"""Who a thing belongs to: deterministic names, and the tags that say so from the creating call on.

There is no state file. A thing is this environment's if it has the tags of `Scope`;
what has only the name is somebody else's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from infra.desired import Environment
from infra.values import Fields, Resource

ENVIRONMENT_TAG: Final = "blendbeat:environment"
RESOURCE_TAG: Final = "blendbeat:resource"
_PROJECT: Final = "blendbeat"


@dataclass(frozen=True, slots=True)
class Scope:
    """One environment in one account.

    Args:
        account: Twelve digits.
        zones: Availability zones that new subnets are put into, one each.
        image: What tasks run; empty as long as there is nothing to run.
    """

    environment: Environment
    account: str
    zones: tuple[str, ...]
    image: str = ""

    @property
    def region(self) -> str:
        """Where everything is, except what AWS has once for all regions."""
        return self.environment.region

    @property
    def prefix(self) -> str:
        """What every name begins with."""
        return f"{_PROJECT}-{self.environment.name}"

    def name(self, part: str = "") -> str:
        """The name of *part*, of at most 32 characters, which load balancers allow.

        >>> from infra.desired import Environment
        >>> Scope(Environment(name="staging"), "123456789012", ()).name("tasks")
        'blendbeat-staging-tasks'
        """
        return f"{self.prefix}-{part}" if part else self.prefix

    def global_name(self, part: str) -> str:
        """A name for what exists once for all regions, such as a role."""
        return f"{self.prefix}-{self.region}-{part}"

    def arn(self, service: str, resource: str, *, region: bool = True) -> str:
        """The ARN of something in this account; some, such as roles, have no region."""
        return f"arn:{self.partition}:{service}:{self.region if region else ''}:{self.account}:{resource}"

    @property
    def partition(self) -> str:
        """What ARNs begin with, which is different in China and for the government of the United States."""
        if self.region.startswith("cn-"):
            return "aws-cn"
        return "aws-us-gov" if self.region.startswith("us-gov-") else "aws"

    def tags(self, key: str, name: str = "") -> dict[str, str]:
        """The tags of the resource *key*."""
        return {"Name": name or f"{self.prefix}-{key.partition('/')[2]}", ENVIRONMENT_TAG: self.environment.name,
                RESOURCE_TAG: key}  # fmt: skip

    def owns(self, tags: Mapping[str, str]) -> bool:
        """Whether something with *tags* is this environment's."""
        return tags.get(ENVIRONMENT_TAG) == self.environment.name

    def resource(
        self, kind: str, key: str, fields: Fields, *, name: str = "", initial: Fields | None = None
    ) -> Resource:
        """A resource of this environment, with its tags."""
        return Resource(kind, key, name, fields, initial or {}, self.tags(key, name))


def as_list(tags: Mapping[str, str], name: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    """*tags* as most of AWS wants them.

    >>> as_list({"a": "b"}, "key", "value")
    [{'key': 'a', 'value': 'b'}]
    """
    return [{name: tag, value: text} for tag, text in tags.items()]


def as_mapping(tags: Iterable[Mapping[str, Any]], name: str = "Key", value: str = "Value") -> dict[str, str]:
    """The tags that most of AWS tells, as a mapping."""
    return {tag[name]: tag.get(value, "") for tag in tags}
