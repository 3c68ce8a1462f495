"""The ``/resize`` grammar: the fields of a query or a form, into the same values as a signed path.

``url width height quality format fit``; the picture keeps its ratio unless asked
otherwise, and is never enlarged.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar
from urllib.parse import parse_qsl

from origin.arguments import one_of, whole
from origin.errors import BadRecipe
from origin.grammar import source_ref
from origin.kinds import FORMAT_NAMES
from origin.recipe import Encoding, OutputFormat, Recipe, Resize, ResizingType, SourceRef

T = TypeVar("T")

FIELDS = ("width", "height", "quality", "format", "fit")

_FITS = {"contain": ResizingType.FIT, "cover": ResizingType.FILL, "fill": ResizingType.FORCE}
_DEFAULT_QUALITY = 80


def fields_of(query: str) -> Mapping[str, str]:
    """The fields of a raw query, decoded, without its signature.

    Raises:
        BadRecipe: A field stands twice or is not UTF-8.
    """
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=32)
    except ValueError:
        # Not quoted: the signature is in it.
        raise BadRecipe("?", "the query cannot be read") from None
    return unique((name, value) for name, value in pairs if name != "sig")


def unique(pairs: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """The pairs as a mapping.

    Raises:
        BadRecipe: A name stands twice; which one was meant is not ours to guess.
    """
    fields: dict[str, str] = {}
    for name, value in pairs:
        if name in fields:
            raise BadRecipe(name, "the field stands twice")
        fields[name] = value
    return fields


def parse_recipe(fields: Mapping[str, str]) -> Recipe:
    """The recipe that the *fields* spell; empty ones keep their default.

    Raises:
        BadRecipe: A field is unknown or its value is not in the language; names the field.

    >>> parse_recipe({"width": "300", "fit": "cover"}).canonical()
    'encoding.quality=80 format=jpg resize.type=fill resize.width_px=300'
    """
    for name in fields:
        if name not in FIELDS:
            raise BadRecipe(name, f"the field is not one of {' '.join(FIELDS)}")
    return Recipe(
        resize=Resize(
            type=_read(fields, "fit", one_of(_FITS), ResizingType.FIT),
            width_px=_read(fields, "width", whole(0), 0),
            height_px=_read(fields, "height", whole(0), 0),
        ),
        encoding=Encoding(quality=_read(fields, "quality", whole(1, 100), _DEFAULT_QUALITY)),
        format=_read(fields, "format", one_of(FORMAT_NAMES), OutputFormat.JPEG),
    )


def parse(query: str) -> tuple[SourceRef, Recipe]:
    """The source and the recipe of a raw query.

    Raises:
        BadRecipe: As `parse_recipe`, or the url names no source.
    """
    fields = dict(fields_of(query))
    return source_ref(fields.pop("url", "")), parse_recipe(fields)


def _read(fields: Mapping[str, str], name: str, read: Callable[[str], T], default: T) -> T:
    text = fields.get(name, "")
    if not text:
        return default
    try:
        return read(text)
    except ValueError as error:
        raise BadRecipe(f"{name}={text}", f"{name}: {error}") from None
