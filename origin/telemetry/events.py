"""The facts of one request, from which everything that is told about it is derived."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field


class Facts(dict[str, str]):
    """Facts by their names. They do not change once told, so that what is told a thousand times is spelt once."""

    __slots__ = ("_members",)
    _members: str

    def as_members(self) -> str:
        """They as members of a JSON object, each after a comma.

        ASCII: beyond it there are signs that some collectors take for the end of a line.

        >>> Facts(tier="memory", source="é").as_members()
        ', "tier": "memory", "source": "\\\\u00e9"'
        """
        try:
            return self._members
        except AttributeError:
            self._members = f", {json.dumps(self)[1:-1]}" if self else ""
            return self._members


@dataclass(frozen=True, slots=True)
class RequestTold:
    """One answered request.

    Args:
        request_id: Also in ``X-Request-Id`` of the answer.
        method: As received.
        target: The request target without its signature.
        status: Of the answer.
        outcome: Hit, miss, coalesced, validator; the slug of the problem; or the name of the resource.
        bytes_out: Length of the body that was sent.
        total_ms: From the first line of our code to the last.
        details: What else is known: key, source host, recipe, milliseconds per stage, what went wrong.
    """

    request_id: str
    method: str
    target: str
    status: int
    outcome: str
    bytes_out: int
    total_ms: float
    details: Mapping[str, str] = field(default_factory=Facts)
