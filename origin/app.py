"""The composition root: settings in, a WSGI application out. The only place that picks implementations."""

from bottle import Bottle

from cachetiers.memory import MemoryTier
from cachetiers.readthrough import ReadThrough
from origin.concurrency import NativeThreads, breathe, deadline
from origin.handlers import Pictures
from origin.imaging.children import ChildPool, Upkeep
from origin.imaging.inspect import SourceFormat
from origin.imaging.pool import Workshop
from origin.pages import Pages
from origin.recipe import Scheme
from origin.routes import Routes
from origin.settings import ImagingSettings, Isolation, Settings, SourceSettings
from origin.sources.http import HttpSource
from origin.sources.local import LocalSource
from origin.sources.router import Source, Sources
from origin.telemetry import logs
from origin.variants import Variants

_SIDE_THREADS = 4
"""For what blocks but makes no pixels: files to read, forms to take apart. Few enough to cost nothing."""


def build_application(settings: Settings) -> Bottle:
    """The whole service as one WSGI application. Call it in the worker, after the fork."""
    logs.configure(settings.log_format)
    imaging = settings.imaging
    pixels = _pixels(imaging)
    able = pixels.abilities
    tier = MemoryTier(settings.memory_tier_bytes)
    # As long as the longest way to a picture, and a second for what lies between.
    wait_s = settings.sources.timeout_s + imaging.queue_timeout_s + imaging.transform_timeout_s + 1
    variants = Variants(
        ReadThrough(tier, wait_s=wait_s), pixels, ttl_s=settings.ttl_s, encoder_version=able.encoder_version
    )
    auto_formats = imaging.auto_formats & able.writes
    for name in sorted(imaging.auto_formats - able.writes):
        logs.LOGGER.warning("BLENDBEAT_AUTO_FORMATS: this build does not write %s; nobody will get it", name)
    threads = NativeThreads(_SIDE_THREADS)
    pictures = Pictures(settings, _sources(settings.sources, threads), variants, auto_formats, threads.run)
    reads = able.reads if imaging.svg else able.reads - {SourceFormat.SVG}
    pages = Pages(tier, reads=tuple(sorted(reads)), writes=tuple(sorted(able.writes)))
    app = Bottle()
    Routes(pictures, pages, settings.allow_origin, logs.tell).bind(app)
    return app


def _pixels(settings: ImagingSettings) -> Workshop:
    if settings.isolation is Isolation.THREAD:
        # Only here: with children this process has no libvips, which costs memory and is where strangers' bytes hurt.
        from origin.imaging.native import NativePool

        return NativePool(settings.workers, settings.queue_limit, settings.queue_timeout_s)
    upkeep = Upkeep(
        workers=settings.workers,
        deadline_s=settings.transform_timeout_s,
        memory_bytes=settings.memory_bytes,
        retire_pictures=settings.retire_pictures,
        retire_bytes=settings.retire_bytes,
    )
    return ChildPool(upkeep, settings.queue_limit, settings.queue_timeout_s)


def _sources(settings: SourceSettings, threads: NativeThreads) -> Sources:
    web = HttpSource(settings, deadline, breathe)
    by_scheme: dict[Scheme, Source] = {Scheme.HTTP: web, Scheme.HTTPS: web}
    if settings.local_root is not None:
        by_scheme[Scheme.LOCAL] = LocalSource(settings.local_root, settings.max_bytes, threads.run)
    return Sources(by_scheme, settings.allowed, settings.timeout_s + 1)
