"""What each resource answers. Plain values in, plain values out; no web framework."""

import posixpath
import time
from collections.abc import Callable, Sized
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import BinaryIO
from urllib.parse import urlsplit

from origin import grammar, httpcache, query, uploads
from origin.answers import Answer, Headers, json_answer, problem
from origin.errors import BadSignature, Expired, NothingHere, OriginError
from origin.negotiation import Negotiated, negotiate
from origin.rawpath import Target, split_signed
from origin.recipe import Delivery, ImageRequest, Recipe, Scheme, SourceRef
from origin.settings import Settings
from origin.signing import query_message
from origin.sources.router import Sources
from origin.variants import Variant, Variants, minted_for
from origin.version import VERSION


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the handlers may know of one request.

    Args:
        request_id: Ours, or the caller's if it sent a decent one.
        method: As received.
        target: The raw request target.
        accept: ``Accept``; like all fields below empty when absent.
        if_none_match: ``If-None-Match``.
        authorization: ``Authorization``.
        content_type: ``Content-Type``.
        content_length: ``Content-Length``, None when the body is chunked or absent.
        body: The body, not yet read.
    """

    request_id: str
    method: str
    target: Target
    accept: str
    if_none_match: str
    authorization: str = field(repr=False)
    content_type: str
    content_length: int | None
    body: BinaryIO


class Pictures:
    """The resources that answer with a picture.

    Args:
        settings: The whole tree.
        sources: Who fetches.
        variants: Who finds or makes.
        clock: Unix time in seconds.
    """

    def __init__(
        self, settings: Settings, sources: Sources, variants: Variants, clock: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._sources = sources
        self._variants = variants
        self._clock = clock

    def signed(self, exchange: Exchange) -> Answer:
        """``GET /{signature}/{options}/{source}``."""
        path = split_signed(exchange.target.path)
        if path is None:
            raise NothingHere(f"there is no {exchange.target.path!r}; a picture's path starts with a signature")
        if not self._settings.keys.verify(path.signature, path.rest):
            raise BadSignature("the path was not signed with a key of this service")
        return self._from_source(exchange, grammar.parse(path.rest))

    def resize(self, exchange: Exchange) -> Answer:
        """``GET /resize?url=...``."""
        message, signature = query_message(exchange.target.path, exchange.target.query)
        if not self._settings.keys.verify(signature, message):
            raise BadSignature("the query was not signed with a key of this service")
        source, recipe = query.parse(exchange.target.query)
        return self._from_source(exchange, ImageRequest(source, recipe))

    def resize_upload(self, exchange: Exchange) -> Answer:
        """``POST /resize`` with a picture in the body. The answer belongs to whoever sent it: no cache may keep it."""
        uploads.check_token(exchange.authorization, self._settings.upload_tokens)
        upload = uploads.read_upload(
            exchange.body, exchange.content_length, exchange.content_type, self._settings.max_upload_bytes
        )
        fields = query.unique([*query.fields_of(exchange.target.query).items(), *upload.fields.items()])
        recipe = query.parse_recipe(fields)
        key = self._variants.key(f"upload:{uploads.identity(upload.image)}", recipe, recipe.format)
        variant = self._variants.lookup(key) or self._variants.make(key, recipe, recipe.format, lambda: upload.image)
        headers = (
            ("Content-Type", variant.format.media_type),
            ("Cache-Control", "no-store"),
            ("Content-Disposition", _disposition("image", Delivery(), variant)),
        )
        return Answer(200, headers, variant.body, variant.outcome, _details(key, recipe, "upload", variant))

    def _from_source(self, exchange: Exchange, request: ImageRequest) -> Answer:
        asked = request.recipe.format
        negotiated = negotiate(asked, exchange.accept, self._settings.imaging.auto_formats)
        vary: Headers = (("Vary", "Accept"),) if negotiated.varies else ()
        try:
            return self._found_or_made(exchange, request, negotiated, vary)
        except OriginError as error:
            # Errors of such a URL vary like its pictures, or a cache would file them under one client's Accept.
            return problem(error, exchange.request_id, vary)

    def _found_or_made(
        self, exchange: Exchange, request: ImageRequest, negotiated: Negotiated, vary: Headers
    ) -> Answer:
        left_s = self._time_left(request.delivery)
        self._sources.check(request.source)
        key = self._variants.key(request.source.url, request.recipe, negotiated.format)
        lifetimes = self._settings.lifetimes.capped(left_s)
        caching: Headers = (("Cache-Control", httpcache.cache_control(lifetimes)), *vary)
        variant = self._variants.lookup(key)
        if variant is None and exchange.if_none_match:
            known = _tag_known_without_source(exchange.if_none_match, key)
            if known is not None:
                status = httpcache.cache_status("hit", detail="validator")
                tag: Headers = (("ETag", known),) if known else ()
                return Answer(304, (*tag, *caching, ("Cache-Status", status)), outcome="validator")
        if variant is None:
            variant = self._variants.make(
                key, request.recipe, negotiated.format, lambda: self._sources.fetch(request.source)
            )
        details = _details(key, request.recipe, request.source.host, variant)
        shared: Headers = (
            ("ETag", variant.tag),
            *caching,
            ("Age", str(variant.age_s)),
            ("Cache-Status", _cache_status(variant)),
        )
        if httpcache.matching_tag(exchange.if_none_match, variant.tag):
            return Answer(304, shared, outcome=variant.outcome, details=details)
        headers = (
            ("Content-Type", variant.format.media_type),
            *shared,
            ("Content-Disposition", _disposition(_stem(request.source), request.delivery, variant)),
        )
        return Answer(200, headers, variant.body, variant.outcome, details)

    def _time_left(self, delivery: Delivery) -> int | None:
        if delivery.expires_at_s is None:
            return None
        left_s = delivery.expires_at_s - self._clock()
        if left_s < 0:
            raise Expired(f"the URL expired at {delivery.expires_at_s}")
        return int(left_s)


class Pages:
    """The resources about the service itself.

    Args:
        cache: What ``cache_size`` counts.
        reads: Names of the formats it reads.
        writes: Names of the formats it writes.
        clock: Unix time in seconds.
    """

    def __init__(
        self, cache: Sized, reads: tuple[str, ...], writes: tuple[str, ...], clock: Callable[[], float] = time.time
    ) -> None:
        self._cache = cache
        self._formats = {"reads": list(reads), "writes": list(writes)}
        self._clock = clock

    def health(self, exchange: Exchange) -> Answer:  # noqa: ARG002  every handler takes the exchange
        """``GET /health``: this process answers. Touches no pixels, no pool, no network."""
        content = {
            "status": "healthy",
            "timestamp": datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="milliseconds"),
            "cache_size": len(self._cache),
            "version": VERSION,
        }
        return json_answer(200, content, outcome="health")

    def describe(self, exchange: Exchange) -> Answer:  # noqa: ARG002  every handler takes the exchange
        """``GET /``: what this is and how to ask it."""
        content = {
            "service": "blendBeat",
            "version": VERSION,
            "description": "A signed-URL image CDN origin.",
            "formats": self._formats,
            "resources": {
                "GET /{signature}/{option}/.../{source}": "a variant of a source image; "
                "the source is plain/{percent-encoded URL}[@format] or {base64url}[.format]",
                "GET /resize?url=&width=&height=&quality=80&format=jpeg&fit=contain&sig=": "the same as a query",
                "POST /resize": "a variant of an uploaded image, with Authorization: Bearer",
                "GET /health": "whether this process answers",
            },
            "options": {
                option.name: {"aliases": list(option.aliases), "meaning": option.meaning} for option in grammar.OPTIONS
            },
        }
        return json_answer(200, content, cache_s=60, outcome="describe")


def _tag_known_without_source(if_none_match: str, key: str) -> str | None:
    """A tag of ours that the client holds; empty for ``*``, which claims some tag without naming it."""
    if if_none_match.strip() == "*":
        return ""
    return next((tag for tag in httpcache.entity_tags(if_none_match) if minted_for(tag, key)), None)


def _cache_status(variant: Variant) -> str:
    if variant.outcome == "hit":
        return httpcache.cache_status("hit", ttl_s=variant.ttl_s, detail="memory")
    outcome = "fwd=uri-miss; collapsed" if variant.outcome == "coalesced" else "fwd=uri-miss"
    return httpcache.cache_status(outcome, stored=variant.stored)


def _disposition(stem: str, delivery: Delivery, variant: Variant) -> str:
    name = delivery.filename or stem
    suffix = f".{variant.format}"
    if not name.lower().endswith((suffix, ".jpeg") if suffix == ".jpg" else suffix):
        name += suffix
    return httpcache.content_disposition(name, attachment=delivery.attachment)


def _stem(source: SourceRef) -> str:
    # A local path may hold a question mark; a web URL's query is no part of a name.
    path = source.url if source.scheme is Scheme.LOCAL else urlsplit(source.url).path
    return posixpath.splitext(posixpath.basename(path))[0] or "image"


def _details(key: str, recipe: Recipe, source_host: str, variant: Variant) -> dict[str, str]:
    details = {"key": key, "recipe": recipe.canonical(), "source_host": source_host, "format": variant.format.value}
    if variant.outcome == "miss":
        details |= {name: variant.facts[name] for name in ("source_bytes", "fetch_ms", "queue_ms", "transform_ms")}
    return details
