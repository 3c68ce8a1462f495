"""What has to change: desired and observed go in, changes come out. Pure.

Only declared fields are compared, field by field. What exists under our tags and is
not wanted any more is deleted, so taking everything down is a plan with nothing wanted.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from infra.errors import CannotChange, Foreign
from infra.kind import Kind
from infra.values import (
    PENDING,
    Call,
    Fields,
    Found,
    Fresh,
    Json,
    Ref,
    Resource,
    Steps,
    Text,
    Unordered,
    Wait,
    canonical,
)

Outputs = Mapping[tuple[str, str], str]

_IDENTITIES = ("name", "Name", "key", "Key", "Id", "Sid", "capacityProvider", "containerPath", "PolicyName")
"""Members that tell the items of a list apart, so that a change names the item instead of its place."""


class Action(StrEnum):
    """What is done to a resource."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs; None for one that is not there."""

    path: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Change:
    """One resource that has to change, and the steps that do it.

    Args:
        label: How AWS calls it, or will.
    """

    action: Action
    kind: str
    key: str
    label: str
    fields: tuple[FieldChange, ...]
    steps: Steps

    @property
    def calls(self) -> tuple[Call, ...]:
        """Its steps that change something."""
        return tuple(step for step in self.steps if isinstance(step, Call))


def plan(desired: Iterable[Resource], observed: Iterable[Found], kinds: Sequence[Kind]) -> tuple[Change, ...]:
    """The changes that turn *observed* into *desired*: first what is made, earlier kinds first, then what goes.

    Raises:
        Foreign: Something has the name of something wanted, but not our tags.
        CannotChange: A field that differs can only be changed by making the thing anew.
    """
    wants = {kind.name: [want for want in desired if want.kind == kind.name] for kind in kinds}
    haves = {kind.name: [have for have in observed if have.kind == kind.name] for kind in kinds}
    outputs: Outputs = {(have.key, name): value for have in _kept(observed) for name, value in have.outputs.items()}
    made: list[Change] = []
    gone: list[Change] = []
    for kind in kinds:
        wanted = {want.key for want in wants[kind.name]}
        for want in wants[kind.name]:
            change = _toward(kind, want, [have for have in haves[kind.name] if have.key == want.key], outputs)
            if change is not None:
                made.append(change)
                renewed = kind.renews if change.action is Action.UPDATE else None
                outputs = _without(outputs, want.key, renewed)
        extra = [have for key in _keys(haves[kind.name]) for have in _surplus(haves[kind.name], key, key in wanted)]
        gone = [*(_away(kind, have) for have in extra if have.ours), *gone]
    return (*made, *gone)


def duplicates(observed: Iterable[Found]) -> tuple[tuple[Found, Found], ...]:
    """Things of ours that exist more often than once: the one that is kept, and the one that goes."""
    ours = [have for have in observed if have.ours and not have.leaving]
    kept = {(have.kind, have.key): have for have in reversed(ours)}
    return tuple((kept[have.kind, have.key], have) for have in ours if kept[have.kind, have.key] is not have)


def differences(want: Fields, have: Fields, outputs: Outputs) -> tuple[FieldChange, ...]:
    """Where *have* is not what *want* declares; a reference to what is not there yet always differs."""
    return tuple(_differences("", _known(want, outputs), have))


def shown(value: Any) -> Any:
    """*value* for people and for JSON: references by name, and nothing that is made fresh."""
    match value:
        case Ref() | Text():
            return str(value)
        case Fresh():
            return PENDING
        case Json(inner):
            return shown(inner)
        case Unordered(items):
            return sorted((shown(item) for item in items), key=canonical)
        case Mapping():
            return {name: shown(inner) for name, inner in value.items()}
        case tuple() | list():
            return [shown(item) for item in value]
    return value


def _kept(observed: Iterable[Found]) -> tuple[Found, ...]:
    first: dict[tuple[str, str], Found] = {}
    for have in observed:
        if have.ours and not have.leaving:
            first.setdefault((have.kind, have.key), have)
    return tuple(first.values())


def _keys(haves: Iterable[Found]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(have.key for have in haves))


def _surplus(haves: Sequence[Found], key: str, wanted: bool) -> tuple[Found, ...]:
    """Those under *key* that are too many; the first of ours stays if it is wanted."""
    ours = [have for have in haves if have.key == key and have.ours]
    present = [have for have in ours if not have.leaving]
    return (*present[wanted:], *(have for have in ours if have.leaving and not wanted))


def _without(outputs: Outputs, key: str, names: frozenset[str] | None) -> Outputs:
    return {at: value for at, value in outputs.items() if at[0] != key or (names is not None and at[1] not in names)}


def _toward(kind: Kind, want: Resource, haves: Sequence[Found], outputs: Outputs) -> Change | None:
    for have in haves:
        if not have.ours:
            raise Foreign(
                f"there is a {kind.name} called {have.label} already, and it has not the tags of this environment",
                "it stays as it is: delete it yourself, or give the environment another name in infra/environments.py",
            )
    present = next((have for have in haves if not have.leaving), None)
    if present is None:
        # What is leaving still has the name.
        first: Steps = (_gone(kind, haves[0]),) if haves else ()
        fields = tuple(FieldChange(name, None, value) for name, value in want.wanted.items())
        return Change(Action.CREATE, kind.name, want.key, want.name, fields, (*first, *kind.create(want)))
    fields = differences(want.fields, present.fields, outputs)
    changed = frozenset(field_of(change.path) for change in fields)
    if not changed:
        return None
    if not changed & kind.fixed:
        steps = kind.update(replace(want, fields=_known(want.fields, outputs)), present, changed)
        return Change(Action.UPDATE, kind.name, want.key, present.label, fields, steps)
    if kind.replaceable:
        steps = (*kind.delete(present), *kind.create(want))
        return Change(Action.REPLACE, kind.name, want.key, present.label, fields, steps)
    fixed = next(change for change in fields if field_of(change.path) in kind.fixed)
    raise CannotChange(
        f"{fixed.path} of {kind.name} {present.label} is {shown(fixed.before)!r} and cannot become "
        f"{shown(fixed.after)!r} while it exists",
        "undo that change of the desired state, or take the environment down and up again",
    )


def field_of(path: str) -> str:
    """The field that *path* leads into.

    >>> field_of("containerDefinitions[origin].image")
    'containerDefinitions'
    """
    return path.partition(".")[0].partition("[")[0]


def _away(kind: Kind, have: Found) -> Change:
    steps: Steps = (_gone(kind, have),) if have.leaving else kind.delete(have)
    return Change(Action.DELETE, kind.name, have.key, have.label, (), steps)


def _gone(kind: Kind, have: Found) -> Wait:
    return Wait(f"{kind.name} {have.label} to be gone", gone=have.label)


def _known(value: Any, outputs: Outputs) -> Any:
    """*value* with the references that can be resolved already; the others stay what they are."""
    match value:
        case Ref(key, output):
            return outputs.get((key, output), value)
        case Text(parts):
            known = tuple(_known(part, outputs) for part in parts)
            return "".join(known) if all(isinstance(part, str) for part in known) else value
        case Json(inner):
            return Json(_known(inner, outputs))
        case Unordered(items):
            return Unordered(tuple(_known(item, outputs) for item in items))
        case Mapping():
            return {name: _known(inner, outputs) for name, inner in value.items()}
        case tuple() | list():
            return [_known(item, outputs) for item in value]
    return value


def _differences(path: str, want: Any, have: Any) -> Iterator[FieldChange]:
    if isinstance(want, Fresh):
        return
    if isinstance(want, Json):
        want = want.value
    if isinstance(want, Mapping) and isinstance(have, Mapping):
        for name, inner in want.items():
            yield from _differences(f"{path}.{name}" if path else name, inner, have.get(name))
    elif isinstance(want, Unordered):
        yield from _unordered(path, want.items, have or ())
    elif isinstance(want, list) and isinstance(have, list | tuple) and len(want) == len(have):
        for number, (inner, other) in enumerate(zip(want, have, strict=True)):
            yield from _differences(f"{path}[{number}]", inner, other)
    elif canonical(shown(want)) != canonical(have):
        yield FieldChange(path, have, want)


def _unordered(path: str, want: Sequence[Any], have: Sequence[Any]) -> Iterator[FieldChange]:
    identity = next((name for name in _IDENTITIES if want and all(name in _members(item) for item in want)), None)
    if identity is None:
        if sorted(map(canonical, map(shown, want))) != sorted(map(canonical, have)):
            yield FieldChange(path, list(have), list(want))
        return
    wanted = {str(item[identity]): item for item in want}
    found = {str(_members(item).get(identity)): item for item in have}
    for name in sorted(wanted.keys() | found.keys()):
        at = f"{path}[{name}]"
        if name not in wanted or name not in found:
            yield FieldChange(at, found.get(name), wanted.get(name))
        else:
            yield from _differences(at, wanted[name], found[name])


def _members(item: Any) -> Mapping[str, Any]:
    return item if isinstance(item, Mapping) else {}
