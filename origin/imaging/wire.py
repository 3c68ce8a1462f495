"""What a pixel child and the process that started it say to each other, byte by byte.

The parent speaks in fixed-size orders; source and job lie in a slot of shared
memory. The child answers in frames: two lengths, a JSON header, a body. The
parent is trusted and may pickle. The child has decoded strangers' bytes, so
nothing it says is executed, everything has a limit, and what is not exactly as
written here is `BadAnswer`.
"""

import json
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from origin.errors import BadRecipe, BrokenImage, CannotWrite, NotAnImage, OriginError, TooCostly
from origin.imaging.inspect import SourceFormat
from origin.imaging.job import Rendered
from origin.imaging.media import UNKNOWN_MEDIA_TYPE, media_type_of
from origin.imaging.pool import Abilities
from origin.recipe import OutputFormat

MOST_HEADER_BYTES: Final = 128 * 1024
MOST_BODY_BYTES: Final = 256 * 1024 * 1024
"""The largest answer that is taken into memory, a hundred times what a page shows."""

LENGTHS: Final = struct.Struct("<II")
"""In front of every frame: bytes of the header, bytes of the body."""

SLOTS: Final = 2
"""Orders a child may hold: one it works on, and the next, so that it never waits between them."""

_LONGEST_TEXT = 4000

MEDIA_TYPES: Final = (
    frozenset(name.media_type for name in OutputFormat)
    | frozenset(media_type_of(name) for name in SourceFormat)
    | {"application/json", UNKNOWN_MEDIA_TYPE}
)
"""All that a picture, a description or an untouched source can be: no child makes a browser take one for a script."""


class BadAnswer(Exception):
    """A child said something it never would if it were in its right mind."""


@dataclass(frozen=True, slots=True)
class Order:
    """That a job lies ready.

    Args:
        number: Counts from 0; it lies in slot *number* modulo `SLOTS`.
        job_bytes: Length of the pickled job, at the start of the slot.
        source_bytes: Length of the source behind it.
    """

    number: int
    job_bytes: int
    source_bytes: int

    def packed(self) -> bytes:
        """As it is sent."""
        return ORDER.pack(self.number, self.job_bytes, self.source_bytes)


ORDER: Final = struct.Struct("<QQQ")


@dataclass(frozen=True, slots=True)
class Hello:
    """What a child says when it is ready for strangers' bytes.

    Args:
        abilities: What it reads and writes.
        missing: Walls of its jail that this kernel would not put up.
    """

    abilities: Abilities
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """An exception that is no verdict on the picture: a fault of ours. The traceback as text."""

    traceback: str


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The order was not begun: its slot had been emptied."""


Outcome = Rendered | OriginError | Fault | Withdrawn


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an order."""

    number: int
    outcome: Outcome


_REFUSALS: dict[str, type[OriginError]] = {
    kind.slug: kind for kind in (BadRecipe, NotAnImage, BrokenImage, TooCostly, CannotWrite)
}
"""What `transform` raises, and so all that a child may raise in its parent."""


def hello_frame(hello: Hello) -> bytes:
    """*hello* as it is sent."""
    abilities = hello.abilities
    return _frame(
        {
            "reads": sorted(abilities.reads),
            "writes": sorted(abilities.writes),
            "encoder": abilities.encoder_version,
            "missing": list(hello.missing),
        }
    )


def answer_frame(answer: Answer) -> tuple[bytes, bytes]:
    """*answer* as it is sent, its body apart so that nobody copies it."""
    outcome = answer.outcome
    told: dict[str, object] = {"number": answer.number}
    if isinstance(outcome, Rendered):
        if len(outcome.body) > MOST_BODY_BYTES:
            large = TooCostly(f"the answer has {len(outcome.body)} bytes; at most {MOST_BODY_BYTES} are sent")
            return answer_frame(Answer(answer.number, large))
        told |= {
            "is": "made",
            "media_type": outcome.media_type,
            "suffix": outcome.suffix,
            "digest": outcome.digest,
            "transform_s": outcome.transform_s,
        }
        return _frame(told, len(outcome.body)), outcome.body
    if isinstance(outcome, OriginError) and outcome.slug in _REFUSALS:
        arguments = outcome.__reduce__()[1]
        told |= {"is": "refused", "slug": outcome.slug, "arguments": [str(text)[:_LONGEST_TEXT] for text in arguments]}
    elif isinstance(outcome, Withdrawn):
        told |= {"is": "withdrawn"}
    else:
        traceback = outcome.traceback if isinstance(outcome, Fault) else repr(outcome)
        told |= {"is": "fault", "traceback": traceback[-_LONGEST_TEXT:]}
    return _frame(told), b""


def _frame(header: dict[str, object], body_bytes: int = 0) -> bytes:
    text = json.dumps(header).encode("ascii")
    return LENGTHS.pack(len(text), body_bytes) + text


def read_lengths(data: bytes) -> tuple[int, int]:
    """Bytes of the header and of the body that follow.

    Raises:
        BadAnswer: More than is ever sent, so that a child cannot fill its parent's memory.
    """
    header_bytes, body_bytes = LENGTHS.unpack(data)
    if header_bytes > MOST_HEADER_BYTES or body_bytes > MOST_BODY_BYTES:
        raise BadAnswer(f"a frame of {header_bytes} and {body_bytes} bytes")
    return header_bytes, body_bytes


def read_hello(header: bytes) -> Hello:
    """The first frame of a child. Raises BadAnswer."""
    told = _object(header, {"reads", "writes", "encoder", "missing"})
    try:
        reads = frozenset(SourceFormat(name) for name in _texts(told["reads"], _NAME))
        writes = frozenset(OutputFormat(name) for name in _texts(told["writes"], _NAME))
    except ValueError as error:
        raise BadAnswer(str(error)) from None
    encoder, missing = _text(told["encoder"], _VERSION), _texts(told["missing"], _SENTENCE)
    return Hello(Abilities(reads, writes, encoder), tuple(missing))


def read_number(header: bytes) -> int:
    """To which order the frame with this *header* is the answer; before its body is read. Raises BadAnswer."""
    number = _object(header).get("number")
    if type(number) is not int:
        raise BadAnswer("an answer to nothing")
    return number


def read_answer(header: bytes, body: bytes) -> Answer:
    """Any later frame. Raises BadAnswer."""
    told = _object(header)
    kind = told.pop("is", None)
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    number = told.pop("number", None)
    if reader is None or type(number) is not int:
        raise BadAnswer(f"an answer that is {kind!r}"[:100])
    fields, read = reader
    if told.keys() != fields:
        raise BadAnswer(f"an answer with {sorted(told)}"[:100])
    return Answer(number, read(told, body))


def _made(told: dict[str, Any], body: bytes) -> Rendered:
    taken_s = told["transform_s"]
    if type(taken_s) is not float or not 0 <= taken_s < 1e6:
        raise BadAnswer("a time that is none")
    media_type, suffix = _text(told["media_type"], _NAME_OF_MEDIA), _text(told["suffix"], _SUFFIX)
    if media_type not in MEDIA_TYPES:
        raise BadAnswer(f"a picture that is {media_type}")
    return Rendered(body, media_type, suffix, _text(told["digest"], _DIGEST), taken_s)


def _refused(told: dict[str, Any], _: bytes) -> OriginError:
    kind = _REFUSALS.get(_text(told["slug"], _NAME))
    arguments = _texts(told["arguments"], _SENTENCE)
    if kind is None or len(arguments) != (2 if kind is BadRecipe else 1):
        raise BadAnswer("a refusal nobody knows")
    return kind(*arguments)


def _fault(told: dict[str, Any], _: bytes) -> Fault:
    return Fault(_text(told["traceback"], _SENTENCE))


def _withdrawn(_: dict[str, Any], __: bytes) -> Withdrawn:
    return Withdrawn()


_READERS: dict[str, tuple[set[str], Callable[[dict[str, Any], bytes], Outcome]]] = {
    "made": ({"media_type", "suffix", "digest", "transform_s"}, _made),
    "refused": ({"slug", "arguments"}, _refused),
    "fault": ({"traceback"}, _fault),
    "withdrawn": (set(), _withdrawn),
}

# What becomes a header of an HTTP answer must not be able to end one.
_NAME_OF_MEDIA = re.compile(r"[a-z]+/[a-z0-9.+-]{1,40}")
_SUFFIX = re.compile(r"[a-z0-9]{0,8}")
_DIGEST = re.compile(r"[0-9a-f]{12}")
_NAME = re.compile(r"[a-z0-9-]{1,20}")
_VERSION = re.compile(r"[A-Za-z0-9.-]{1,60}")
_SENTENCE = re.compile(rf".{{0,{_LONGEST_TEXT}}}", re.DOTALL)


def _object(header: bytes, fields: set[str] | None = None) -> dict[str, Any]:
    try:
        told = json.loads(header)
    except (ValueError, RecursionError) as error:
        raise BadAnswer(f"no JSON: {error}"[:100]) from None
    if not isinstance(told, dict) or (fields is not None and told.keys() != fields):
        raise BadAnswer("no object of the known fields")
    return told


def _text(value: object, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise BadAnswer(f"{str(value)[:50]!r} where {pattern.pattern} belongs")
    return value


def _texts(value: object, pattern: re.Pattern[str]) -> list[str]:
    if not isinstance(value, list) or len(value) > 50:
        raise BadAnswer("no list of texts")
    return [_text(item, pattern) for item in value]
