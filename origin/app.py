"""The composition root: settings in, a WSGI application out. The only place that picks implementations."""

from bottle import Bottle

from cachetiers.memory import MemoryTier
from cachetiers.readthrough import ReadThrough
from origin.concurrency import NativeThreads, breathe, deadline
from origin.handlers import Pictures
from origin.imaging.encode import WRITABLE
from origin.imaging.inspect import SourceFormat
from origin.imaging.load import READABLE
from origin.imaging.pool import NativePool, encoder_version
from origin.pages import Pages
from origin.recipe import Scheme
from origin.routes import Routes
from origin.settings import Settings, SourceSettings
from origin.sources.http import HttpSource
from origin.sources.local import LocalSource
from origin.sources.router import Source, Sources
from origin.sources.tier import SourceTier
from origin.telemetry import logs
from origin.variants import Variants

_SIDE_THREADS = 4
"""For what blocks but makes no pixels: files to read, forms to take apart. Few enough to cost nothing."""

_MAKING_S = 30.0
"""What making a picture may add to fetching it before those who wait for it give up."""


def build_application(settings: Settings) -> Bottle:
    """The whole service as one WSGI application. Call it in the worker, after the fork."""
    logs.configure(settings.log_format)
    imaging = settings.imaging
    tier = MemoryTier(settings.memory_tier_bytes)
    variants = Variants(
        ReadThrough(tier, wait_s=settings.sources.timeout_s + _MAKING_S),
        NativePool(imaging.threads, imaging.queue_limit),
        ttl_s=settings.ttl_s,
        encoder_version=encoder_version(),
    )
    auto_formats = imaging.auto_formats & WRITABLE
    for name in sorted(imaging.auto_formats - WRITABLE):
        logs.LOGGER.warning("BLENDBEAT_AUTO_FORMATS: this build does not write %s; nobody will get it", name)
    threads = NativeThreads(_SIDE_THREADS)
    pictures = Pictures(settings, _sources(settings.sources, threads), variants, auto_formats, threads.run)
    reads = READABLE if imaging.svg else READABLE - {SourceFormat.SVG}
    pages = Pages(tier, reads=tuple(sorted(reads)), writes=tuple(sorted(WRITABLE)))
    app = Bottle()
    Routes(pictures, pages, settings.allow_origin, logs.tell).bind(app)
    return app


def _sources(settings: SourceSettings, threads: NativeThreads) -> Sources:
    web = HttpSource(settings, deadline, breathe)
    by_scheme: dict[Scheme, Source] = {Scheme.HTTP: web, Scheme.HTTPS: web}
    if settings.local_root is not None:
        by_scheme[Scheme.LOCAL] = LocalSource(settings.local_root, settings.max_bytes, threads.run)
    tier = SourceTier(settings.tier_bytes, settings.fresh_s)
    return Sources(by_scheme, settings.allowed, settings.timeout_s + 1, tier)
