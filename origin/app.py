"""The composition root: settings in, a WSGI application out. The only place that picks implementations."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from bottle import Bottle

from cachetiers.generations import Generations
from cachetiers.memory import MemoryTier
from cachetiers.readthrough import ReadThrough
from cachetiers.tiered import Tiered
from origin.admin import Admin, Counters
from origin.concurrency import NativeThreads, breathe, deadline, look_up
from origin.fastpath import FastPath
from origin.fleet import Fleet
from origin.handlers import Pictures
from origin.imaging.admission import Bounds
from origin.imaging.children import ChildPool, Upkeep
from origin.imaging.inspect import SourceFormat
from origin.imaging.pool import Workshop
from origin.outgoing import Outgoing
from origin.pages import Pages
from origin.quotas import Quotas
from origin.recipe import Scheme
from origin.routes import Routes
from origin.settings import ImagingSettings, Isolation, Settings, SourceSettings
from origin.sources.circuit import Patience
from origin.sources.freight import Freight
from origin.sources.gate import Gate
from origin.sources.http import HttpSource
from origin.sources.local import LocalSource
from origin.sources.resolver import Resolver
from origin.sources.router import Source, Sources
from origin.sources.tier import SourceTier
from origin.telemetry import logs
from origin.variants import Lives, Variants, stands_in

_SIDE_THREADS = 4
"""For what blocks but makes no pixels: files to read, forms to take apart. Few enough to cost nothing."""

_LOOKUPS = 128
"""Names of sources that are looked up at once, in a thread each: 0.1 MB, and none before it is needed. A silent name
server keeps it for as long as the system's resolver is patient, and new names wait while all are kept."""

_IN_A_ROW_S = 60.0
"""Failures of a host that are further apart are not one outage."""


@dataclass(frozen=True, slots=True)
class Service:
    """The whole service, for any server (PEP 3333) and for ours, which may ask for the fast path first."""

    application: Bottle
    fast: FastPath | None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        answer: Iterable[bytes] = self.application(environ, start_response)
        return answer


def build_application(settings: Settings) -> Service:
    """The whole service. Call it in the worker, after the fork."""
    logs.configure(settings.log_format)
    imaging = settings.imaging
    pixels = _pixels(imaging)
    able = pixels.abilities
    generations = Generations()
    fleet = Fleet(settings.memcached, generations)
    memory = MemoryTier(settings.memory_tier_bytes)
    cache = ReadThrough(
        Tiered(memory, fleet.tier),
        # As long as the longest way to a picture, and a second for what lies between.
        wait_s=settings.sources.timeout_s + imaging.queue_timeout_s + imaging.transform_timeout_s + 1,
        leases=fleet.leases,
        stands_in=stands_in,
    )
    variants = Variants(
        cache,
        pixels,
        lives=Lives(settings.ttl_s, settings.lifetimes.stale_s, settings.lifetimes.error_s),
        encoder_version=able.encoder_version,
        # A local path names another file in every directory.
        namespace=f"{settings.namespace} {settings.sources.local_root}",
    )
    auto_formats = imaging.auto_formats & able.writes
    for name in sorted(imaging.auto_formats - able.writes):
        logs.LOGGER.warning("BLENDBEAT_AUTO_FORMATS: this build does not write %s; nobody will get it", name)
    threads = NativeThreads(_SIDE_THREADS)
    source_tier = SourceTier(settings.sources.tier_bytes, min(settings.sources.fresh_s, settings.ttl_s))
    sources = _sources(settings.sources, threads, source_tier, Freight(imaging.queue_bytes))
    quotas = Quotas(settings.rate_limit, settings.trusted_proxies, fleet.counters)
    outgoing = Outgoing(quotas, settings.allow_origin, logs.tell)
    fast = FastPath(variants, generations, quotas, outgoing, settings.lifetimes) if settings.fast_path else None
    learn = _nothing if fast is None else fast.learn
    pictures = Pictures(settings, sources, variants, auto_formats, threads.run, generations, quotas.spend, learn)
    reads = able.reads if imaging.svg else able.reads - {SourceFormat.SVG}
    pages = Pages(memory, tuple(sorted(reads)), tuple(sorted(able.writes)), pixels.trouble)

    def counters() -> Counters:
        tiers = {tier.name: asdict(tier.stats) for tier in cache.tiers.tiers}
        held = {"entries": len(memory), "bytes": memory.used_bytes}
        return {
            "read": cache.stats.snapshot() | {"promoted": cache.tiers.promoted},
            **tiers,
            "memory": tiers["memory"] | held,
            "fleet": fleet.stats,
            "sources": asdict(source_tier.memory.stats) | {"bytes": source_tier.memory.used_bytes},
        }

    app = Bottle()
    admin = Admin(settings.admin_tokens, settings.dialect, fleet, counters)
    Routes(pictures, pages, admin, quotas, outgoing, settings.allow_origin).bind(app)
    return Service(app, fast)


def _nothing(*_: object) -> None:
    """There is no fast path that could learn."""


def _pixels(settings: ImagingSettings) -> Workshop:
    bounds = Bounds(settings.queue_limit, settings.queue_timeout_s, settings.queue_bytes)
    if settings.isolation is Isolation.THREAD:
        # Only here: with children this process has no libvips, which costs memory and is where strangers' bytes hurt.
        from origin.imaging.native import NativePool

        return NativePool(settings.workers, bounds)
    upkeep = Upkeep(
        workers=settings.workers,
        deadline_s=settings.transform_timeout_s,
        memory_bytes=settings.memory_bytes,
        retire_pictures=settings.retire_pictures,
        retire_bytes=settings.retire_bytes,
    )
    return ChildPool(upkeep, bounds)


def _sources(settings: SourceSettings, threads: NativeThreads, tier: SourceTier, freight: Freight) -> Sources:
    resolve = Resolver(look_up, NativeThreads(_LOOKUPS).run, deadline, settings.connect_timeout_s)
    web = _gated(HttpSource(settings, deadline, breathe, freight, resolve), settings)
    by_scheme: dict[Scheme, Source] = {Scheme.HTTP: web, Scheme.HTTPS: web}
    if settings.local_root is not None:
        by_scheme[Scheme.LOCAL] = LocalSource(settings.local_root, settings.max_bytes, threads.run)
    if settings.s3_buckets:
        # Here, because the library takes a third of a second to load and 30 MB, which only its users should pay.
        from origin.sources import s3

        store = s3.S3Source(s3.connect(settings), settings, deadline, breathe, freight)
        by_scheme[Scheme.S3] = _gated(store, settings)
    return Sources(by_scheme, settings.allowed, settings.connect_timeout_s + settings.timeout_s + 1, tier)


def _gated(source: Source, settings: SourceSettings) -> Source:
    return Gate(
        source,
        Patience(settings.failures, _IN_A_ROW_S, settings.pause_s),
        places=settings.concurrency,
        wait_s=settings.connect_timeout_s,
        tell=logs.LOGGER.warning,
    )
