"""The resources that answer with a picture: verify, parse, negotiate, look up, answer. No web framework."""

import posixpath
import time
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

from origin import grammar, httpcache, query, uploads
from origin.answers import Answer, Headers, problem
from origin.concurrency import Offload
from origin.errors import (
    BadRecipe,
    BadSignature,
    Expired,
    NothingHere,
    OriginError,
)
from origin.exchange import Exchange
from origin.imaging.job import Job
from origin.imaging.limits import Limits
from origin.negotiation import negotiate
from origin.rawpath import split_signed
from origin.recipe import Delivery, ImageRequest, OutputFormat, Recipe, Scheme, SourceRef
from origin.settings import Settings
from origin.signing import query_message
from origin.sources.router import Sources
from origin.uploads import Upload
from origin.variants import FALLBACK_TTL_S, Fetched, Variant, Variants, minted_for

_INERT = frozenset(name.media_type for name in OutputFormat if name is not OutputFormat.SVG) | {"application/json"}
"""Media types that a browser shows and never runs."""


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
        return self._from_source(exchange, grammar.parse(path.rest, self._settings.dialect))

    def info(self, exchange: Exchange) -> Answer:
        """``GET /info/{signature}/{options}/{source}``: what is known about the source, as JSON."""
        path = split_signed(exchange.target.path.removeprefix("/info"))
        if path is None:
            raise NothingHere("after /info comes a signature")
        if not self._settings.keys.verify(path.signature, path.rest):
            raise BadSignature("the path was not signed with a key of this service")
        request = grammar.parse(path.rest, self._settings.dialect)
        return self._found_or_made(exchange, request, self._job(request.recipe, info=True), vary=())

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
        job = self._job(recipe)
        key = self._variants.key(f"upload:{upload.identity}", job)
        variant = self._variants.lookup(key) or self._variants.make(key, job, lambda: Fetched(upload.image))
        headers = (
            ("Content-Type", variant.media_type),
            ("Cache-Control", "no-store"),
            ("Content-Disposition", _disposition("image", Delivery(), variant)),
        )
        return Answer(200, headers, variant.body, variant.outcome, _details(key, recipe, "upload", "", variant))

    def _from_source(self, exchange: Exchange, request: ImageRequest) -> Answer:
        negotiated = negotiate(request.recipe.format, exchange.accept, self._auto_formats)
        varies = negotiated.varies and not request.recipe.raw
        vary: Headers = (("Vary", "Accept"),) if varies else ()
        try:
            recipe = replace(request.recipe, format=negotiated.format)
            job = self._job(recipe, candidates=negotiated.candidates, watermark=self._configured_mark(recipe))
            return self._found_or_made(exchange, request, job, vary)
        except OriginError as error:
            # Errors of such a URL vary like its pictures, or a cache would file them under one client's Accept.
            return problem(error, exchange.request_id, vary)

    def _job(
        self,
        recipe: Recipe,
        *,
        candidates: frozenset[OutputFormat] = frozenset(),
        watermark: bytes | None = None,
        info: bool = False,
    ) -> Job:
        imaging = self._settings.imaging
        limits = Limits(imaging.max_source_pixels, imaging.max_result_side_px, imaging.max_frames)
        return Job(recipe, limits, imaging.quality, candidates, imaging.svg, watermark, info)

    def _configured_mark(self, recipe: Recipe) -> bytes | None:
        mark = recipe.watermark
        if not mark.opacity or mark.text or mark.url or recipe.raw:
            return None
        if self._settings.imaging.watermark is None:
            raise BadRecipe("watermark", "there is no configured watermark; set BLENDBEAT_WATERMARK, or use wmu or wmt")
        return self._settings.imaging.watermark

    def _fetch(self, source: SourceRef, recipe: Recipe) -> Fetched:
        mark = recipe.watermark
        named = mark.url if mark.opacity and not mark.text else ""
        watermark = self._sources.fetch(grammar.source_ref(named)).body if named else None
        return Fetched(self._sources.fetch(source).body, watermark)

    def _found_or_made(self, exchange: Exchange, request: ImageRequest, job: Job, vary: Headers) -> Answer:
        lifetimes = self._settings.lifetimes.capped(self._time_left(request.delivery))
        for source in filter(None, (request.source, request.fallback)):
            self._sources.check(source)
        key = self._variants.key(f"{request.source.url} {request.fallback.url if request.fallback else ''}", job)
        variant = self._variants.lookup(key)
        if variant is None and (held := _tag_of_ours(exchange.if_none_match, key)):
            caching = ("Cache-Control", httpcache.cache_control(lifetimes))
            status = ("Cache-Status", httpcache.cache_status("hit", detail="validator"))
            return Answer(304, (("ETag", held), caching, *vary, status), outcome="validator")
        if variant is None:
            variant = self._made(key, job, request)
        details = _details(key, job.recipe, request.source.loggable, request.source.host, variant)
        seconds = int(FALLBACK_TTL_S)
        caching = (
            "Cache-Control",
            httpcache.error_cache_control(seconds) if variant.fallback else httpcache.cache_control(lifetimes),
        )
        shared: Headers = (("ETag", variant.tag), caching, *vary, ("Cache-Status", _cache_status(variant)))
        if httpcache.matching_tag(exchange.if_none_match, variant.tag):
            return Answer(304, shared, outcome=variant.outcome, details=details)
        headers = (
            ("Content-Type", variant.media_type),
            *shared,
            ("Content-Disposition", _disposition(_stem(request.source), request.delivery, variant)),
            *_guard(variant.media_type),
        )
        return Answer(200, headers, variant.body, variant.outcome, details)

    def _made(self, key: str, job: Job, request: ImageRequest) -> Variant:
        instead = request.fallback
        fallback = None if instead is None else lambda: self._fetch(instead, job.recipe)
        return self._variants.make(key, job, lambda: self._fetch(request.source, job.recipe), fallback)

    def _time_left(self, delivery: Delivery) -> int | None:
        if delivery.expires_at_s is None:
            return None
        left_s = delivery.expires_at_s - self._clock()
        if left_s < 0:
            raise Expired(f"the URL expired at {delivery.expires_at_s}")
        return int(left_s)


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
    suffix = f".{variant.suffix}" if variant.suffix else ""
    if not name.lower().endswith((suffix, ".jpeg") if suffix == ".jpg" else suffix):
        name += suffix
    return httpcache.content_disposition(name, attachment=delivery.attachment)


def _guard(media_type: str) -> Headers:
    """What keeps a browser from running a body that was meant to be looked at."""
    if media_type in _INERT:
        return ()
    return (("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox"),)


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
        "format": variant.suffix,
    }
    if variant.outcome == "miss":
        details |= {name: variant.facts[name] for name in ("source_bytes", "fetch_ms", "queue_ms", "transform_ms")}
    return details
