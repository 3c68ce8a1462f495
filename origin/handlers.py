"""What each resource answers. Plain values in, plain values out; no web framework."""

import posixpath
import time
from collections.abc import Callable, Sized
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import BinaryIO
from urllib.parse import urlsplit

from origin import grammar, httpcache, query, uploads
from origin.answers import Answer, Headers, json_answer, problem
from origin.concurrency import Offload
from origin.errors import BadSignature, Expired, NothingHere, OriginError
from origin.negotiation import negotiate
from origin.rawpath import Target, split_signed
from origin.recipe import Delivery, ImageRequest, OutputFormat, Recipe, Scheme, SourceRef
from origin.settings import Settings
from origin.signing import query_message
from origin.sources.router import Sources
from origin.uploads import Upload
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
        auto_formats: What may be negotiated.
        offload: Where forms are taken apart.
        clock: Unix time in seconds.
    """

    def __init__(
        self,
        settings: Settings,
        sources: Sources,
        variants: Variants,
        auto_formats: frozenset[OutputFormat],
        offload: Offload[Upload],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._sources = sources
        self._variants = variants
        self._auto_formats = auto_formats
        self._offload = offload
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
        try:
            return self._resized_upload(exchange)
        except OriginError as error:
            return problem(error, exchange.request_id, cacheable=False)

    def _resized_upload(self, exchange: Exchange) -> Answer:
        uploads.check_token(exchange.authorization, self._settings.upload_tokens)
        kind, limit = exchange.content_type, self._settings.max_upload_bytes
        data = uploads.read_body(exchange.body, exchange.content_length, kind, limit)
        upload = self._offload(lambda: uploads.parse_upload(data, kind, limit))
        fields = query.unique([*query.fields_of(exchange.target.query).items(), *upload.fields.items()])
        recipe = query.parse_recipe(fields)
        key = self._variants.key(f"upload:{upload.identity}", recipe)
        variant = self._variants.lookup(key) or self._variants.make(key, recipe, lambda: upload.image)
        headers = (
            ("Content-Type", variant.format.media_type),
            ("Cache-Control", "no-store"),
            ("Content-Disposition", _disposition("image", Delivery(), variant)),
        )
        return Answer(200, headers, variant.body, variant.outcome, _details(key, recipe, "upload", "", variant))

    def _from_source(self, exchange: Exchange, request: ImageRequest) -> Answer:
        negotiated = negotiate(request.recipe.format, exchange.accept, self._auto_formats)
        vary: Headers = (("Vary", "Accept"),) if negotiated.varies else ()
        settled = replace(request, recipe=replace(request.recipe, format=negotiated.format))
        try:
            return self._found_or_made(exchange, settled, vary)
        except OriginError as error:
            # Errors of such a URL vary like its pictures, or a cache would file them under one client's Accept.
            return problem(error, exchange.request_id, vary)

    def _found_or_made(self, exchange: Exchange, request: ImageRequest, vary: Headers) -> Answer:
        lifetimes = self._settings.lifetimes.capped(self._time_left(request.delivery))
        caching: Headers = (("Cache-Control", httpcache.cache_control(lifetimes)), *vary)
        self._sources.check(request.source)
        key = self._variants.key(request.source.url, request.recipe)
        variant = self._variants.lookup(key)
        if variant is None and (held := _tag_of_ours(exchange.if_none_match, key)):
            status = httpcache.cache_status("hit", detail="validator")
            return Answer(304, (("ETag", held), *caching, ("Cache-Status", status)), outcome="validator")
        if variant is None:
            variant = self._variants.make(key, request.recipe, lambda: self._sources.fetch(request.source))
        details = _details(key, request.recipe, request.source.loggable, request.source.host, variant)
        shared: Headers = (("ETag", variant.tag), *caching, ("Cache-Status", _cache_status(variant)))
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


def _tag_of_ours(if_none_match: str, key: str) -> str | None:
    """The tag that the client holds of the variant under *key*. ``*`` claims one without naming it, so it is none."""
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


def _details(key: str, recipe: Recipe, source: str, host: str, variant: Variant) -> dict[str, str]:
    details = {
        "key": key,
        "recipe": recipe.canonical(),
        "source": source,
        "source_host": host,
        "format": variant.format.value,
    }
    if variant.outcome == "miss":
        details |= {name: variant.facts[name] for name in ("source_bytes", "fetch_ms", "queue_ms", "transform_ms")}
    return details
