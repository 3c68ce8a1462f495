"""Checks requests against botocore's own models more strictly than it does: enums, lengths, ranges and patterns."""

import re
from collections.abc import Iterator
from typing import Any

_LOOSE = frozenset({"PolicyDocument", "AssumeRolePolicyDocument"})
"""Their patterns are of characters that Python's engine takes for others."""


def problems(shape: Any, value: Any, path: str = "") -> Iterator[str]:
    """What of *value* the model *shape* does not allow."""
    meta = shape.metadata
    if meta.get("enum") and value not in meta["enum"]:
        yield f"{path}: {value!r} is none of {meta['enum']}"
    size = len(value) if shape.type_name in ("string", "list", "map") else value
    if shape.type_name in ("string", "list", "map", "integer", "long", "double", "float"):
        if "min" in meta and size < meta["min"]:
            yield f"{path}: {size} is below {meta['min']}"
        if "max" in meta and size > meta["max"]:
            yield f"{path}: {size} is above {meta['max']}"
    if shape.type_name == "string" and "pattern" in meta and path.rpartition(".")[2] not in _LOOSE:
        yield from _pattern(meta["pattern"], value, path)
    yield from _inside(shape, value, path)


def _pattern(pattern: str, value: str, path: str) -> Iterator[str]:
    # Services want the whole text to match, anchored or not. Models are written for Java, where \p{L} is any letter.
    plain = re.sub(r"\\p\{[A-Z][a-z]?\}|\\p[LZNM]", r"\\w\\s", pattern)
    try:
        matches = re.fullmatch(plain, value) is not None
    except re.error:
        return
    if not matches:
        yield f"{path}: {value!r} does not match {pattern}"


def _inside(shape: Any, value: Any, path: str) -> Iterator[str]:
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            if name in value:
                yield from problems(member, value[name], f"{path}.{name}")
    elif shape.type_name == "list":
        for number, item in enumerate(value):
            yield from problems(shape.member, item, f"{path}[{number}]")
    elif shape.type_name == "map":
        for name, item in value.items():
            yield from problems(shape.key, name, f"{path}{{key}}")
            yield from problems(shape.value, item, f"{path}.{name}")
