"""The signed path language: text into `ImageRequest`, and back.

What the options are stands in `options`; everything here splits text. Whatever
the text, `parse` returns values or raises `BadRecipe`, nothing else; and `spell`
is its inverse.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, takewhile
from operator import attrgetter
from typing import Any, Final
from urllib.parse import quote, unquote_to_bytes

from origin.arguments import decode_base64url
from origin.errors import BadRecipe
from origin.kinds import ENCODED, FILE_NAME, FORMAT_NAMES, TEXT
from origin.options import BY_NAME, OPTIONS, PRESET, Field, Option
from origin.recipe import Delivery, ImageRequest, OutputFormat, Recipe, Scheme, SourceRef

GRAMMAR_VERSION = "2"
"""Enters every cache key; raised when the same text comes to mean another picture."""

MOST_OPTIONS: Final = 256
"""In one URL, those of its presets included; several times what the language has. Each takes microseconds of a process
in which all requests wait for one another, and presets multiply what a URL can ask for."""

_PRESET_NAMES = (PRESET.name, *PRESET.aliases)

_FREE = (ENCODED, FILE_NAME, TEXT)
"""Arguments in which anything can stand."""

_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ADDRESS = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*)://(.*)$", re.DOTALL)
_PLAIN = "/:=&+,;!$*'()~"
"""Signs that may stand in a plain source as they are; ``@ ? # %`` have a meaning in the path or the URL."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What an operator adds to the language, or takes away.

    Args:
        presets: Lists of options by name. ``default`` goes before everything else.
        only_presets: URLs may name presets and nothing else; the names may stand without ``preset:``.
        allowed: Long names of the options that URLs may use; None: all. Presets may use any.
    """

    presets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    only_presets: bool = False
    allowed: frozenset[str] | None = None

    def __post_init__(self) -> None:
        """Refuse presets that could not be used.

        Raises:
            BadRecipe: One holds something that is not in the language, or leads back to itself.
        """
        for name in self.presets:
            _draft(_expanded(_preset(name, self, ()), self, (name,)))


@dataclass(frozen=True, slots=True)
class _Draft:
    recipe: Recipe = field(default_factory=Recipe)
    delivery: Delivery = field(default_factory=Delivery)
    fallback: str = ""


_EMPTY = _Draft()
_STANDARD = Dialect()


def parse(rest: str, dialect: Dialect = _STANDARD) -> ImageRequest:
    """The request that *rest*, the signed part of a path with its leading slash, spells.

    Raises:
        BadRecipe: It spells none; names the segment.

    >>> parse("/rs:fill:300:200/plain/local:///valley.jpg@webp").recipe.canonical()
    'format=webp resize.height_px=200 resize.type=fill resize.width_px=300'
    """
    segments = rest.removeprefix("/").split("/")
    if dialect.only_presets:
        segments[0] = _as_presets(segments[0])
    written = list(takewhile(lambda segment: ":" in segment, segments))
    draft = _draft(chain(_by_default(dialect), _expanded(written, dialect)))
    if len(written) == len(segments):
        raise BadRecipe(segments[-1], "no source follows the options")
    source, extension = _parse_source(segments[len(written) :])
    recipe = draft.recipe if extension is None else replace(draft.recipe, format=extension)
    fallback = source_ref(draft.fallback) if draft.fallback else None
    return ImageRequest(source, recipe, draft.delivery, fallback)


@dataclass(frozen=True, slots=True)
class _Use:
    """One use of an option, and how it was written."""

    option: Option
    arguments: Sequence[str]
    segment: str


def _as_presets(segment: str) -> str:
    first, colon, names = segment.partition(":")
    return f"{PRESET.name}:{names if colon and first in _PRESET_NAMES else segment}"


def _by_default(dialect: Dialect) -> Iterator[_Use]:
    name = "default"
    return _expanded(dialect.presets.get(name, ()), dialect, (name,))


def _expanded(segments: Iterable[str], dialect: Dialect, inside: tuple[str, ...] = ()) -> Iterator[_Use]:
    """What *segments* use, with what is in presets in their place; *inside* are the presets that led here."""
    for segment in segments:
        name, *arguments = segment.split(":")
        option = BY_NAME.get(name)
        if option is None:
            raise BadRecipe(segment, f"the option {name!r} is not known")
        if option is PRESET:
            for preset in arguments:
                yield from _expanded(_preset(preset, dialect, inside), dialect, (*inside, preset))
        elif inside or _switched_on(option, dialect):
            yield _Use(option, arguments, segment)
        else:
            raise BadRecipe(segment, f"the option {option.name!r} is not switched on")


def _preset(name: str, dialect: Dialect, inside: tuple[str, ...]) -> tuple[str, ...]:
    if name not in dialect.presets:
        raise BadRecipe(name, "there is no such preset")
    if name in inside:
        raise BadRecipe(name, f"the preset leads back to itself: {' > '.join((*inside, name))}")
    return dialect.presets[name]


def _switched_on(option: Option, dialect: Dialect) -> bool:
    return not dialect.only_presets and (dialect.allowed is None or option.name in dialect.allowed)


def _draft(uses: Iterable[_Use]) -> _Draft:
    # Frozen values are made once, at the end: to make them anew for each option took 50 us of every one.
    values: dict[str, Any] = {}
    for number, use in enumerate(uses):
        if number == MOST_OPTIONS:
            raise BadRecipe(use.segment, f"there are more than {MOST_OPTIONS} options")
        if len(use.arguments) > use.option.most_arguments:
            raise BadRecipe(use.segment, f"{use.option.name} takes at most {use.option.most_arguments} arguments")
        values.update(_values(use))
    draft = _EMPTY
    for place, value in values.items():
        draft = _placed(draft, place.split("."), value)
    return draft


def _values(use: _Use) -> Iterator[tuple[str, Any]]:
    arguments = use.arguments
    for item in use.option.fields:
        own, arguments = arguments[: item.kind.takes], arguments[item.kind.takes :]
        if not any(own):  # empty arguments keep what was there
            continue
        try:
            value = item.kind.read(own)
        except ValueError as error:
            raise BadRecipe(use.segment, f"{item.name}: {error}") from None
        yield from zip(item.places, value if len(item.places) > 1 else (value,), strict=True)


def _placed(owner: Any, path: Sequence[str], value: object) -> Any:
    head, *tail = path
    return replace(owner, **{head: _placed(getattr(owner, head), tail, value) if tail else value})


def is_harmless(segment: str) -> bool:
    """Whether *segment* is an option that can be read, and says nothing but numbers and words of the language.

    >>> is_harmless("w:300"), is_harmless("w:many"), is_harmless("fn:holiday"), is_harmless("pr:mine")
    (True, False, False, False)
    """
    name, *arguments = segment.split(":")
    option = BY_NAME.get(name)
    if option is None or len(arguments) > option.most_arguments or any(item.kind in _FREE for item in option.fields):
        return False
    try:
        list(_values(_Use(option, arguments, segment)))
    except BadRecipe:
        return False
    return True


def spell(request: ImageRequest) -> str:
    """The shortest unsigned path that spells *request*; `parse` gives the request back.

    >>> spell(parse("/rs:fill:300:0:0/el:1/q:80/plain/local:///a%20b.jpg@webp"))
    '/rt:fill/w:300/el:1/q:80/f:webp/plain/local:///a%20b.jpg'
    """
    fallback = request.fallback.url if request.fallback else ""
    draft = _Draft(request.recipe, request.delivery, fallback)
    written = [text for option in OPTIONS if option.spelled and (text := _written(option, draft))]
    return "/" + "/".join([*written, "plain", quote(request.source.url, safe=_PLAIN)])


def _written(option: Option, draft: _Draft) -> str:
    arguments: list[str] = []
    for item in option.fields:
        value, default = _value(item, draft), _value(item, _EMPTY)
        own = [] if value == default else list(item.kind.write(value))
        arguments += own + [""] * (item.kind.takes - len(own))
    while arguments and not arguments[-1]:
        arguments.pop()
    return ":".join([min((option.name, *option.aliases), key=len), *arguments]) if arguments else ""


def _value(item: Field, draft: _Draft) -> Any:
    values = tuple(attrgetter(place)(draft) for place in item.places)
    return values if len(values) > 1 else values[0]


def _parse_source(segments: Sequence[str]) -> tuple[SourceRef, OutputFormat | None]:
    if segments[0] == "plain":
        address, extension = _parse_plain("/".join(segments[1:]))
    else:
        address, extension = _parse_base64("".join(segments))
    return source_ref(address), _format(extension)


def _parse_plain(text: str) -> tuple[str, str]:
    address, *extensions = text.split("@")
    if len(extensions) > 1:
        raise BadRecipe(text, "more than one @; a literal one is %40")
    if _BAD_ESCAPE.search(address):
        raise BadRecipe(address, "a percent sign that escapes nothing; a literal one is %25")
    try:
        return unquote_to_bytes(address).decode("utf-8"), "".join(extensions)
    except UnicodeDecodeError:
        raise BadRecipe(address, "the source is not UTF-8") from None


def _parse_base64(text: str) -> tuple[str, str]:
    encoded, *extensions = text.split(".")
    if len(extensions) > 1:
        raise BadRecipe(text, "more than one extension")
    try:
        return decode_base64url(encoded), "".join(extensions)
    except ValueError as error:
        raise BadRecipe(encoded, f"the source: {error}") from None


def source_ref(address: str) -> SourceRef:
    """The source that *address*, a decoded URL, names.

    Raises:
        BadRecipe: No address, or none of the schemes of the language.
    """
    if not address:
        raise BadRecipe(address, "there is no source")
    if _CONTROL.search(address):
        raise BadRecipe(address, "the source holds a control character")
    match = _ADDRESS.match(address)
    try:
        scheme = Scheme(match[1].lower()) if match else None
    except ValueError:
        scheme = None
    if match is None or scheme is None:
        raise BadRecipe(address, "the source must start with http://, https://, s3:// or local:///")
    if scheme is Scheme.LOCAL and not match[2].startswith("/"):
        raise BadRecipe(address, "a local source is local:///path")
    if not match[2].strip("/") or (scheme is not Scheme.LOCAL and match[2].startswith("/")):
        raise BadRecipe(address, "the source names nothing")
    return SourceRef(scheme, f"{scheme}://{match[2]}")


def _format(name: str) -> OutputFormat | None:
    if not name:
        return None
    if name not in FORMAT_NAMES:
        raise BadRecipe(f".{name}", f"the format {name!r} is not known")
    return FORMAT_NAMES[name]
