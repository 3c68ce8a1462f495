"""The resources that answer with a picture: verify, parse, negotiate, look up, answer. No web framework."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from cachetiers.generations import Generations, Records
from cachetiers.readthrough import Outcome
from origin import bearer, grammar, purging, query, uploads
from origin.answers import Answer, Headers, problem
from origin.concurrency import Offload
from origin.errors import (
    BadRecipe,
    BadSignature,
    NothingHere,
    OriginError,
)
from origin.exchange import Exchange
from origin.imaging.job import Job
from origin.imaging.limits import Limits
from origin.negotiation import negotiate
from origin.presentation import Asked, details, disposition, known_failure, picture, still_good, tag_of_ours, time_left
from origin.ratelimit import HIT_UNITS, MISS_UNITS
from origin.rawpath import split_signed
from origin.recipe import Delivery, ImageRequest, OutputFormat, Recipe, SourceRef
from origin.settings import Settings
from origin.signing import query_message
from origin.sources.held import Validators
from origin.sources.router import Sources
from origin.uploads import Upload
from origin.variants import Fetched, KnownFailure, Making, Variants


class Pictures:
    """The resources that answer with a picture.

    Args:
        settings: The whole tree.
        sources: Who fetches.
        variants: Who finds or makes.
        auto_formats: What may be negotiated.
        offload: Where forms are taken apart.
        generations: What was purged.
        spend: Takes units of a client's quota, or raises TooManyRequests.
        learn: Hears what a request came to whose variant was there, and what had been purged by then.
        clock: Unix time in seconds.
    """

    def __init__(
        self,
        settings: Settings,
        sources: Sources,
        variants: Variants,
        auto_formats: frozenset[OutputFormat],
        offload: Offload[Upload],
        generations: Generations,
        spend: Callable[[str, int], None],
        learn: Callable[[Exchange, Asked, Records], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._sources = sources
        self._variants = variants
        self._auto_formats = auto_formats
        self._offload = offload
        self._generations = generations
        self._spend = spend
        self._learn = learn
        self._clock = clock

    def signed(self, exchange: Exchange) -> Answer:
        """``GET /{signature}/{options}/{source}``."""
        path = split_signed(exchange.target.path)
        if path is None:
            # Not with the path: it may be a signature that lost the rest of its URL.
            raise NothingHere("there is nothing at this path; a picture's path starts with a signature")
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
            return problem(error, exchange.request_id, cache_s=0)

    def _resized_upload(self, exchange: Exchange) -> Answer:
        bearer.check(exchange.authorization, self._settings.upload_tokens, "uploads")
        kind, limit = exchange.content_type, self._settings.max_upload_bytes
        data = uploads.read_body(exchange.body, exchange.content_length, kind, limit)
        upload = self._offload(lambda: uploads.parse_upload(data, kind, limit))
        fields = query.unique([*query.fields_of(exchange.target.query).items(), *upload.fields.items()])
        recipe = query.parse_recipe(fields)
        job = self._job(recipe)
        generation = self._generations.of((f"tag:{purging.EVERYTHING}",))
        key = self._variants.key([f"upload:{upload.identity}"], job, generation)
        variant = self._variants.lookup(key)
        if isinstance(variant, KnownFailure):
            raise variant.error
        if variant is None or variant.outcome is not Outcome.HIT:
            self._spend(exchange.client, MISS_UNITS - HIT_UNITS)
            # The picture is here; there is no reason to answer an old one.
            variant = self._variants.make(key, Making(job, lambda _: Fetched(upload.image)), None, exchange.is_wanted)
        headers = (
            ("Content-Type", variant.media_type),
            ("Cache-Control", "no-store"),
            ("Content-Disposition", disposition("image", Delivery(), variant)),
        )
        return Answer(200, headers, variant.body, variant.outcome, details(key, recipe, "upload", "", variant))

    def _from_source(self, exchange: Exchange, request: ImageRequest) -> Answer:
        # What is passed as it is has no format to choose.
        accept, raw = ("", True) if request.recipe.raw else (exchange.accept, False)
        negotiated = negotiate(request.recipe.format, accept, self._auto_formats)
        vary: Headers = (("Vary", "Accept"),) if negotiated.varies and not raw else ()
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

    def _found_or_made(self, exchange: Exchange, request: ImageRequest, job: Job, vary: Headers) -> Answer:
        lifetimes = self._settings.lifetimes.capped(time_left(request.delivery, self._clock()))
        named = [source for source in (request.source, request.fallback) if source is not None]
        for source in named:
            self._sources.check(source)
        records = self._generations.records()
        generation = self._generations.of(purging.names(request)) if records else ""
        key = self._variants.key([source.url for source in named], job, generation)
        asked = Asked(request, job.recipe, key, lifetimes, vary)
        found = self._variants.lookup(key)
        if isinstance(found, KnownFailure):
            return known_failure(found, asked, exchange.request_id)
        making = self._making(request, job, generation)
        if found is None or found.outcome is Outcome.STANDBY:
            # Something is going to be made for this request, be it beside the answer.
            self._spend(exchange.client, MISS_UNITS - HIT_UNITS)
        if found is None and (held := tag_of_ours(exchange.if_none_match, key)):
            # What the client holds is as good as something stale: answered at once, and looked after beside.
            self._variants.refresh(key, making)
            return still_good(held, asked)
        if found is None or found.outcome is Outcome.STANDBY:
            found = self._variants.make(key, making, found, exchange.is_wanted)
        elif found.outcome is Outcome.STALE:
            self._variants.refresh(key, making, found)
        if found.outcome is Outcome.HIT:
            self._learn(exchange, asked, records)
        return picture(found, asked, exchange.if_none_match)

    def _making(self, request: ImageRequest, job: Job, generation: str) -> Making:
        def fetch(source: SourceRef, held: Validators) -> Fetched | None:
            mark = job.recipe.watermark
            if not mark.opacity or not mark.url or mark.text:
                image = self._sources.fetch(source, held, generation)
                return None if image is None else Fetched(image.body, image.validators)
            # An unchanged source says nothing about what is laid over it, so both are wanted whole.
            named = self._sources.fetch(grammar.source_ref(mark.url), generation=generation)
            whole = self._sources.fetch(source, generation=generation)
            return Fetched(whole.body, whole.validators, named.body)

        fallback = None if request.fallback is None else partial(fetch, request.fallback)
        return Making(job, partial(fetch, request.source), fallback)
