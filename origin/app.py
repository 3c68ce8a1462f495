"""The composition root: settings in, a WSGI application out. The only place that picks implementations."""

from dataclasses import asdict

from bottle import Bottle

from cachetiers.generations import Generations
from cachetiers.memory import MemoryTier
from cachetiers.readthrough import ReadThrough
from cachetiers.tiered import Tiered
from origin.admin import Admin, Counters
from origin.concurrency import NativeThreads, breathe, deadline
from origin.fleet import Fleet
from origin.handlers import Pictures
from origin.imaging.encode import WRITABLE
from origin.imaging.inspect import SourceFormat
from origin.imaging.load import READABLE
from origin.imaging.pool import NativePool, encoder_version
from origin.pages import Pages
from origin.recipe import Scheme
from origin.routes import Routes
from origin.settings import Settings, SourceSettings
from origin.sources.circuit import Patience
from origin.sources.gate import Gate
from origin.sources.http import HttpSource
from origin.sources.local import LocalSource
from origin.sources.router import Source, Sources
from origin.sources.tier import SourceTier
from origin.telemetry import logs
from origin.variants import Lives, Variants, stands_in

_SIDE_THREADS = 4
"""For what blocks but makes no pixels: files to read, forms to take apart. Few enough to cost nothing."""

_MAKING_S = 30.0
"""What making a picture may add to fetching it before those who wait for it give up."""

_IN_A_ROW_S = 60.0
"""Failures of a host that are further apart are not one outage."""


def build_application(settings: Settings) -> Bottle:
    """The whole service as one WSGI application. Call it in the worker, after the fork."""
    logs.configure(settings.log_format)
    imaging = settings.imaging
    generations = Generations()
    fleet = Fleet(settings.memcached, generations)
    memory = MemoryTier(settings.memory_tier_bytes)
    cache = ReadThrough(
        Tiered(memory, fleet.tier),
        wait_s=settings.sources.timeout_s + _MAKING_S,
        leases=fleet.leases,
        stands_in=stands_in,
    )
    variants = Variants(
        cache,
        NativePool(imaging.threads, imaging.queue_limit),
        lives=Lives(settings.ttl_s, settings.lifetimes.stale_s, settings.lifetimes.error_s),
        encoder_version=encoder_version(),
        # A local path names another file in every directory.
        namespace=f"{settings.namespace} {settings.sources.local_root}",
    )
    auto_formats = imaging.auto_formats & WRITABLE
    for name in sorted(imaging.auto_formats - WRITABLE):
        logs.LOGGER.warning("BLENDBEAT_AUTO_FORMATS: this build does not write %s; nobody will get it", name)
    threads = NativeThreads(_SIDE_THREADS)
    source_tier = SourceTier(settings.sources.tier_bytes, min(settings.sources.fresh_s, settings.ttl_s))
    sources = _sources(settings.sources, threads, source_tier)
    pictures = Pictures(settings, sources, variants, auto_formats, threads.run, generations)
    reads = READABLE if imaging.svg else READABLE - {SourceFormat.SVG}
    pages = Pages(memory, reads=tuple(sorted(reads)), writes=tuple(sorted(WRITABLE)))

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
    Routes(pictures, pages, admin, settings.allow_origin, logs.tell).bind(app)
    return app


def _sources(settings: SourceSettings, threads: NativeThreads, tier: SourceTier) -> Sources:
    web = _gated(HttpSource(settings, deadline, breathe), settings)
    by_scheme: dict[Scheme, Source] = {Scheme.HTTP: web, Scheme.HTTPS: web}
    if settings.local_root is not None:
        by_scheme[Scheme.LOCAL] = LocalSource(settings.local_root, settings.max_bytes, threads.run)
    if settings.s3_buckets:
        # Here, because the library takes a third of a second to load and 30 MB, which only its users should pay.
        from origin.sources import s3

        by_scheme[Scheme.S3] = _gated(s3.S3Source(s3.connect(settings), settings, deadline, breathe), settings)
    return Sources(by_scheme, settings.allowed, settings.connect_timeout_s + settings.timeout_s + 1, tier)


def _gated(source: Source, settings: SourceSettings) -> Source:
    return Gate(
        source,
        Patience(settings.failures, _IN_A_ROW_S, settings.pause_s),
        places=settings.concurrency,
        wait_s=settings.connect_timeout_s,
        tell=logs.LOGGER.warning,
    )
