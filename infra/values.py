"""What components say to the core: resources wanted and found, and the calls that turn one into the other.

Everything here is plain frozen data, calls included. That is what makes a plan
printable before anything happens, and equal to what then happens.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Fields = Mapping[str, Any]
"""Values under the names that AWS's API gives them, so that a plan can be looked up in its reference."""

PENDING: Final = "known once it is made"


@dataclass(frozen=True, slots=True)
class Ref:
    """An output of another resource, such as its id, put in when a call is made.

    Args:
        key: The other resource, which is of an earlier kind or the same resource.
        output: Which of its outputs.
    """

    key: str
    output: str = "id"

    def __str__(self) -> str:
        return f"${{{self.key}.{self.output}}}"


@dataclass(frozen=True, slots=True)
class Text:
    """A text with outputs in it, such as an ARN with something behind."""

    parts: tuple[str | Ref, ...]

    def __str__(self) -> str:
        return "".join(map(str, self.parts))


@dataclass(frozen=True, slots=True)
class Json:
    """A value that the API wants as JSON text, such as a policy; compared as the value it is."""

    value: Any


@dataclass(frozen=True, slots=True)
class Unordered:
    """A list in which order means nothing: another order is no change."""

    items: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Fresh:
    """A value made at the moment of the call, such as a new key; never printed, never compared."""

    make: Callable[[], str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Resource:
    """One thing that should exist.

    Args:
        kind: Name of the kind that knows how.
        key: What we call it, unique in an environment: ``network/subnet-public-a``.
        name: Its name in AWS; empty where AWS gives ids only.
        fields: What is compared and kept so. What is not declared is not ours.
        initial: What only the creating call says, because somebody else owns it later.
        tags: Said in the creating call, so that what exists is ours from its first moment.
    """

    kind: str
    key: str
    name: str
    fields: Fields
    initial: Fields
    tags: Mapping[str, str]

    @property
    def wanted(self) -> Fields:
        """All that the creating call needs."""
        return {**self.fields, **self.initial}


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that exists.

    Args:
        kind: Name of the kind that found it.
        key: Which resource it is.
        label: How AWS calls it: id, name or ARN, for people.
        fields: As AWS tells them; may be more than anybody declares.
        outputs: What references may ask for.
        ours: Whether it has our tags; never touched otherwise.
        leaving: It is being deleted already: waited for, not counted.
    """

    kind: str
    key: str
    label: str
    fields: Fields
    outputs: Mapping[str, str]
    ours: bool = True
    leaving: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """One call that changes something.

    Args:
        service: As boto3 names it, ``ec2``.
        operation: As boto3 names it, ``create_vpc``.
        params: Its parameters; references are resolved when it is made.
        gives: Outputs of the resource that the answer tells, as JMESPath, so that they need not be read again.
        creates: Repeating it would make a second one: after a lost answer we look first.
        patient: Pairs of error code and a word of its message that only mean "not yet": tried again for *patience_s*.
        patience_s: How long.
    """

    service: str
    operation: str
    params: Fields
    gives: Mapping[str, str] = field(default_factory=dict)
    creates: bool = False
    patient: tuple[tuple[str, str], ...] = ()
    patience_s: int = 300

    def __str__(self) -> str:
        return f"{self.service}.{self.operation}"


@dataclass(frozen=True, slots=True)
class Wait:
    """Until something is gone, or an output of the resource has one of some values.

    Args:
        what: What is awaited, for people.
        gone: The label of what has to go; empty: an output tells.
        output: Which output tells.
        until: Values that end the wait.
        failed: Values that end it badly.
        limit_s: How long at most.
    """

    what: str
    gone: str = ""
    output: str = ""
    until: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()
    limit_s: int = 900


Step = Call | Wait
Steps = tuple[Step, ...]


def resolved(value: Any, output: Callable[[Ref], Any]) -> Any:
    """*value* as an API takes it: references replaced by what *output* says, JSON written, order fixed."""
    match value:
        case Ref():
            return output(value)
        case Text(parts):
            return "".join(part if isinstance(part, str) else output(part) for part in parts)
        case Json(inner):
            return json.dumps(resolved(inner, output), sort_keys=True)
        case Unordered(items):
            return sorted((resolved(item, output) for item in items), key=canonical)
        case Fresh(make):
            return make()
        case Mapping():
            return {name: resolved(inner, output) for name, inner in value.items()}
        case tuple() | list():
            return [resolved(item, output) for item in value]
    return value


def canonical(value: Any) -> str:
    """A text that is equal for equal values, to sort by and to compare."""
    return json.dumps(value, sort_keys=True, default=str)
