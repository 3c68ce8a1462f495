"""A found variant, or a known failure, as an answer: every header of a picture."""

import posixpath
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from cachetiers.readthrough import Outcome
from origin import httpcache
from origin.answers import CLOSED, DRAWN, EMBEDDED, Answer, Headers, problem
from origin.errors import Expired
from origin.httpcache import Lifetimes
from origin.imaging.media import UNKNOWN_MEDIA_TYPE
from origin.recipe import Delivery, ImageRequest, OutputFormat, Recipe, Scheme, SourceRef
from origin.telemetry.events import Facts
from origin.variants import FALLBACK_TTL_S, KnownFailure, Variant, minted_for

_INERT = frozenset(name.media_type for name in OutputFormat if name is not OutputFormat.SVG) | {"application/json"}
"""Media types that a browser shows and never runs."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for, as far as the answer depends on it.

    Args:
        request: What the URL says.
        recipe: Its recipe, the format negotiated.
        key: The cache key of the variant.
        lifetimes: How long others may keep a good answer.
        vary: The header that says so, if the answer depends on ``Accept``.
    """

    request: ImageRequest
    recipe: Recipe
    key: str
    lifetimes: Lifetimes
    vary: Headers


def time_left(delivery: Delivery, now_s: float) -> int | None:
    """Whole seconds until the URL expires; None if it never does.

    Raises:
        Expired: It has.
    """
    if delivery.expires_at_s is None:
        return None
    left_s = delivery.expires_at_s - now_s
    if left_s < 0:
        raise Expired(f"the URL expired at {delivery.expires_at_s}")
    return int(left_s)


def picture(variant: Variant, asked: Asked, if_none_match: str) -> Answer:
    """The answer with *variant*, or 304 if the client holds it."""
    source = asked.request.source
    told = details(asked.key, asked.recipe, source.loggable, source.host, variant)
    shared: Headers = (
        ("ETag", variant.tag),
        *_caching(variant, asked.lifetimes),
        *asked.vary,
        ("Cache-Status", _cache_status(variant)),
    )
    if httpcache.matching_tag(if_none_match, variant.tag):
        return Answer(304, shared, outcome=variant.outcome, details=told, guard=_guard(variant.media_type))
    headers = (
        ("Content-Type", variant.media_type),
        *shared,
        ("Content-Disposition", disposition(_stem(source), asked.request.delivery, variant)),
    )
    return Answer(200, headers, variant.body, variant.outcome, told, _guard(variant.media_type))


def still_good(tag: str, asked: Asked) -> Answer:
    """The answer to a client that holds *tag*, which is ours, of a variant that we do not hold."""
    status = ("Cache-Status", httpcache.cache_status("hit", detail="validator"))
    fields = (("ETag", tag), *_for_seconds(asked.lifetimes), *asked.vary, status)
    # A cache takes these fields for those of the answer it holds, and whether that is a document we do not know.
    return Answer(304, fields, outcome="validator", guard=EMBEDDED)


def known_failure(failure: KnownFailure, asked: Asked, request_id: str) -> Answer:
    """The answer with a remembered failure."""
    status = ("Cache-Status", httpcache.cache_status("hit", detail=failure.tier))
    answer = problem(failure.error, request_id, (*asked.vary, status), cache_s=failure.left_s)
    return Answer(answer.status, answer.headers, answer.body, answer.outcome, {**answer.details, "cache": "negative"})


def tag_of_ours(if_none_match: str, key: str) -> str | None:
    """The tag that the client holds of the variant under *key*. ``*`` claims one without naming it, so it is none."""
    return next((tag for tag in httpcache.entity_tags(if_none_match) if minted_for(tag, key)), None)


def _caching(variant: Variant, lifetimes: Lifetimes) -> Headers:
    """How long others may keep *variant*: one that we should rather not have answered, for seconds."""
    if variant.fallback or variant.ttl_s < 0:
        return _for_seconds(lifetimes)
    age_s = httpcache.age(variant.age_s, lifetimes) if variant.tier else None
    told: Headers = (("Age", str(age_s)),) if age_s else ()
    return (("Cache-Control", httpcache.cache_control(lifetimes)), *told)


def _for_seconds(lifetimes: Lifetimes) -> Headers:
    return (("Cache-Control", httpcache.error_cache_control(min(int(FALLBACK_TTL_S), lifetimes.edge_s))),)


def _cache_status(variant: Variant) -> str:
    match variant.outcome:
        case Outcome.HIT | Outcome.STALE:
            return httpcache.cache_status("hit", ttl_s=variant.ttl_s, detail=variant.tier)
        case Outcome.STANDBY:
            return httpcache.cache_status("fwd=stale", ttl_s=variant.ttl_s, detail="stale-if-error")
        case Outcome.RENEWED:
            return httpcache.cache_status("fwd=stale", stored=variant.stored, detail="unchanged")
        case Outcome.REPLACED:
            return httpcache.cache_status("fwd=stale", stored=variant.stored)
        case Outcome.COALESCED:
            return httpcache.cache_status("fwd=uri-miss; collapsed", stored=variant.stored)
        case _:
            return httpcache.cache_status("fwd=uri-miss", stored=variant.stored)


def disposition(stem: str, delivery: Delivery, variant: Variant) -> str:
    """``Content-Disposition``: the name that the URL gives, or else *stem*, with the end that fits.

    What is no picture we know is a download, whatever it is called: a browser that opened
    it would go by the name.
    """
    name = delivery.filename or stem
    suffix = f".{variant.suffix}" if variant.suffix else ""
    if not name.lower().endswith((suffix, ".jpeg") if suffix == ".jpg" else suffix):
        name += suffix
    is_unknown = variant.media_type == UNKNOWN_MEDIA_TYPE
    return httpcache.content_disposition(name, attachment=delivery.attachment or is_unknown)


def _guard(media_type: str) -> Headers:
    """What keeps a browser from running a body that was meant to be looked at."""
    if media_type == "application/json":
        return CLOSED
    return EMBEDDED if media_type in _INERT else DRAWN


def _stem(source: SourceRef) -> str:
    # A local path may hold a question mark; a web URL's query is no part of a name.
    path = source.url if source.scheme is Scheme.LOCAL else urlsplit(source.url).path
    return posixpath.splitext(posixpath.basename(path))[0] or "image"


def details(key: str, recipe: Recipe, source: str, host: str, variant: Variant) -> Facts:
    """What is to be told about an answer with *variant*."""
    told = Facts(
        key=key,
        recipe=_tellable(recipe).canonical(),
        source=source,
        source_host=host,
        format=variant.suffix,
    )
    if variant.tier:
        told["tier"] = variant.tier
    if variant.outcome in (Outcome.MISS, Outcome.REPLACED):
        told.update({name: variant.facts[name] for name in ("source_bytes", "fetch_ms", "queue_ms", "transform_ms")})
    return told


def _tellable(recipe: Recipe) -> Recipe:
    """*recipe* without the URL of a watermark, in which there may be a password or a token."""
    mark = recipe.watermark
    return replace(recipe, watermark=replace(mark, url="-")) if mark.url else recipe
