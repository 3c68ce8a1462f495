"""What a picture can be purged by: its URL, its sources and its tags, as names; and what a purge request asks for."""

import json
import re
from collections.abc import Iterator
from typing import Final

from cachetiers.key import digest
from origin import grammar, query
from origin.errors import BadRecipe, BadRequest
from origin.grammar import Dialect, source_ref
from origin.rawpath import split_signed, target_of
from origin.recipe import ImageRequest, SourceRef

LONGEST_BODY_BYTES: Final = 16 * 1024
_KINDS: Final = ("url", "source", "tag")
_TAG = re.compile(r"[\x21-\x7e]{1,512}")
EVERYTHING: Final = "all"
"""The tag that everything has."""


def source_tag(source: SourceRef) -> str:
    """The tag of all variants of *source*, short enough for a header.

    >>> source_tag(source_ref("local:///a.jpg"))
    'source:aa4dd7754d2b54bc'
    """
    # Hosts are the same in any case, and people type them in either.
    return (
        f"source:{digest(source.url.replace(source.host, source.host.lower(), 1) if source.host else source.url)[:16]}"
    )


def _host_tags(source: SourceRef) -> tuple[str, ...]:
    host = source.host.lower() or str(source.scheme)
    name, colon, port = host.rpartition(":")
    return (f"host:{host}", f"host:{name}") if colon and port.isdecimal() else (f"host:{host}",)


def tags(request: ImageRequest) -> tuple[str, ...]:
    """The cache tags of what *request* asks for: ``all``, one for each source and its host, the cachebuster.

    >>> tags(grammar.parse("/cb:spring/plain/https://img.example.com/a.jpg"))
    ('all', 'cb:spring', 'source:6f6e64c9a3758be6', 'host:img.example.com')
    """
    busters = (f"cb:{request.recipe.cachebuster}",) if request.recipe.cachebuster else ()
    by_source = [tag for source in _sources(request) for tag in (source_tag(source), *_host_tags(source))]
    return (EVERYTHING, *busters, *dict.fromkeys(by_source))


def names(request: ImageRequest) -> tuple[str, ...]:
    """Every name under which what *request* asks for can be purged."""
    return (_name_of_url(request), *(f"tag:{tag}" for tag in tags(request)))


def asked_for(body: bytes, dialect: Dialect) -> tuple[str, str, str]:
    """What a purge request with this JSON *body* asks for: its kind, the text given, and the name to purge.

    A source is named by its tag, so that purging either is the same. The signature
    of a URL does not matter: whoever may purge may purge anything.

    Raises:
        BadRequest: It is not one of ``{"url": ...}``, ``{"source": ...}``, ``{"tag": ...}``.
        BadRecipe: The URL or the source is none of ours.
    """
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise BadRequest("the body is no JSON") from None
    if not isinstance(content, dict) or len(content) != 1 or next(iter(content)) not in _KINDS:
        raise BadRequest('the body must be one of {"url": ...}, {"source": ...}, {"tag": ...}')
    kind, text = next(iter(content.items()))
    if not isinstance(text, str) or not text or not _is_unicode(text):
        raise BadRequest(f"{kind} must be a text")
    return kind, text, _name(kind, text, dialect)


def _is_unicode(text: str) -> bool:
    """Whether *text* can be written down: JSON can also spell halves of signs."""
    return not any("\ud800" <= sign <= "\udfff" for sign in text)


def _name(kind: str, text: str, dialect: Dialect) -> str:
    if kind == "url":
        return _name_of_url(_request_at(text, dialect))
    if kind == "source":
        return f"tag:{source_tag(source_ref(text))}"
    if not _TAG.fullmatch(text):
        raise BadRequest("a tag is at most 512 printable signs of ASCII without spaces")
    return f"tag:{text.lower() if text.startswith('host:') else text}"


def _request_at(url: str, dialect: Dialect) -> ImageRequest:
    target = target_of(url)
    if target.path == "/resize":
        source, recipe = query.parse(target.query)
        return ImageRequest(source, recipe)
    signed = split_signed(target.path.removeprefix("/info") if target.path.startswith("/info/") else target.path)
    if signed is None:
        raise BadRecipe(url, "this is no URL of a picture")
    return grammar.parse(signed.rest, dialect)


def _name_of_url(request: ImageRequest) -> str:
    # Not the text of the URL: a URL has several spellings and many signatures, and all of them share what is kept.
    return "url:" + digest(request.recipe.canonical(), *(source.url for source in _sources(request)))


def _sources(request: ImageRequest) -> Iterator[SourceRef]:
    yield request.source
    if request.fallback is not None:
        yield request.fallback
    mark = request.recipe.watermark
    if mark.opacity and mark.url and not mark.text:
        yield source_ref(mark.url)
