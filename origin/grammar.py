"""The signed path language: text into `ImageRequest`.

`OPTIONS` is the language: one row per option, each a list of fields, each field
a place in the recipe and a reader for its arguments. Options that set several
things at once (``resize``, ``size``) are rows made of the same fields. Everything
else here splits text.

Whatever the text, `parse` returns values or raises `BadRecipe`, nothing else.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote_to_bytes

from origin.arguments import (
    anything,
    boolean,
    colour,
    decode_base64url,
    filename,
    gravity,
    one,
    one_of,
    positive,
    steady_gravity,
    whole,
)
from origin.errors import BadRecipe
from origin.recipe import Delivery, ImageRequest, OutputFormat, Recipe, ResizingType, Scheme, SourceRef

GRAMMAR_VERSION = "1"
"""Enters every cache key; raised when the same text comes to mean another picture."""

FORMAT_NAMES = {name.value: name for name in OutputFormat} | {"jpeg": OutputFormat.JPEG}


@dataclass(frozen=True, slots=True)
class Field:
    """One value an option sets.

    Args:
        name: What the argument is called in documents and messages.
        place: Where it goes, from `_Draft` down, such as ``recipe.resize.width_px``.
        read: Arguments to value; raises ValueError with the reason.
        takes: The most arguments it takes. Only the last field of an option takes more than one.
    """

    name: str
    place: str
    read: Callable[[Sequence[str]], object]
    takes: int = 1


@dataclass(frozen=True, slots=True)
class Option:
    """One row of the language."""

    name: str
    aliases: tuple[str, ...]
    fields: tuple[Field, ...]
    meaning: str

    @property
    def most_arguments(self) -> int:
        """How many arguments it takes at the most."""
        return sum(field.takes for field in self.fields)


_TYPE = Field("type", "recipe.resize.type", one(one_of({kind.value: kind for kind in ResizingType})))
_WIDTH = Field("width", "recipe.resize.width_px", one(whole(0)))
_HEIGHT = Field("height", "recipe.resize.height_px", one(whole(0)))
_ENLARGE = Field("enlarge", "recipe.resize.enlarge", one(boolean))
_EXTEND = Field("extend", "recipe.resize.extend.enabled", one(boolean))
_EXTEND_GRAVITY = Field("gravity", "recipe.resize.extend.gravity", steady_gravity, takes=3)
_SIZE = (_WIDTH, _HEIGHT, _ENLARGE, _EXTEND, _EXTEND_GRAVITY)

OPTIONS: tuple[Option, ...] = (
    Option("resize", ("rs",), (_TYPE, *_SIZE), "type, size, enlarge and extend at once"),
    Option("size", ("s",), _SIZE, "size, enlarge and extend at once"),
    Option("resizing_type", ("rt",), (_TYPE,), "how the picture meets its box: fit, fill, fill-down, force, auto"),
    Option("width", ("w",), (_WIDTH,), "width of the box in px; 0 derives it from the height"),
    Option("height", ("h",), (_HEIGHT,), "height of the box in px; 0 derives it from the width"),
    Option(
        "gravity",
        ("g",),
        (Field("gravity", "recipe.gravity", gravity, takes=3),),
        "what a crop keeps: a compass point with offsets, sm, or fp:x:y",
    ),
    Option("dpr", (), (Field("dpr", "recipe.dpr", one(positive)),), "device pixel ratio; multiplies the box"),
    Option("enlarge", ("el",), (_ENLARGE,), "allow upscaling"),
    Option("quality", ("q",), (Field("quality", "recipe.quality", one(whole(1, 100))),), "encoder quality, 1 to 100"),
    Option(
        "format",
        ("f", "ext"),
        (Field("format", "recipe.format", one(one_of(FORMAT_NAMES))),),
        "format of the answer",
    ),
    Option(
        "auto_rotate",
        ("ar",),
        (Field("auto_rotate", "recipe.auto_rotate", one(boolean)),),
        "turn the picture upright by EXIF; on by default",
    ),
    Option(
        "background",
        ("bg",),
        (Field("colour", "recipe.background", colour, takes=3),),
        "colour under transparent pixels, as R:G:B or hex",
    ),
    Option(
        "cachebuster",
        ("cb",),
        (Field("value", "recipe.cachebuster", one(anything)),),
        "part of the cache key, nothing else",
    ),
    Option(
        "expires",
        ("exp",),
        (Field("time", "delivery.expires_at_s", one(whole(0, 10**12))),),
        "unix seconds, afterwards the URL answers 410",
    ),
    Option(
        "filename",
        ("fn",),
        (Field("name", "delivery.filename", filename, takes=2),),
        "name in Content-Disposition; the second argument says that the first is base64url",
    ),
    Option(
        "return_attachment",
        ("att",),
        (Field("attachment", "delivery.attachment", one(boolean)),),
        "offer the picture as a download",
    ),
)

_BY_NAME = {name: option for option in OPTIONS for name in (option.name, *option.aliases)}


@dataclass(frozen=True, slots=True)
class _Draft:
    recipe: Recipe
    delivery: Delivery


_EMPTY = _Draft(Recipe(), Delivery())
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ADDRESS = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*)://(.*)$", re.DOTALL)


def parse(rest: str) -> ImageRequest:
    """The request that *rest*, the signed part of a path with its leading slash, spells.

    Raises:
        BadRecipe: It spells none; names the segment.

    >>> parse("/rs:fill:300:200/plain/local:///valley.jpg@webp").recipe.canonical()
    'format=webp resize.height_px=200 resize.type=fill resize.width_px=300'
    """
    segments = rest.removeprefix("/").split("/")
    draft = _EMPTY
    start = 0
    for start, segment in enumerate(segments):  # noqa: B007  the source starts where the loop stops
        if ":" not in segment:
            break
        draft = _apply(draft, segment)
    else:
        raise BadRecipe(segments[-1], "no source follows the options")
    source, extension = _parse_source(segments[start:])
    if extension is not None:
        draft = replace(draft, recipe=replace(draft.recipe, format=extension))
    return ImageRequest(source, draft.recipe, draft.delivery)


def _apply(draft: _Draft, segment: str) -> _Draft:
    name, *arguments = segment.split(":")
    option = _BY_NAME.get(name)
    if option is None:
        raise BadRecipe(segment, f"the option {name!r} is not known")
    if len(arguments) > option.most_arguments:
        raise BadRecipe(segment, f"{option.name} takes at most {option.most_arguments} arguments")
    for field in option.fields:
        own, arguments = arguments[: field.takes], arguments[field.takes :]
        if any(own):  # empty arguments keep what was there
            try:
                value = field.read(own)
            except ValueError as error:
                raise BadRecipe(segment, f"{field.name}: {error}") from None
            draft = _placed(draft, field.place.split("."), value)
    return draft


def _placed(owner: Any, path: Sequence[str], value: object) -> Any:
    head, *tail = path
    return replace(owner, **{head: _placed(getattr(owner, head), tail, value) if tail else value})


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
