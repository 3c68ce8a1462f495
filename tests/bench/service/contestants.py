"""The service as it is deployed, what serves sources, and the least that a hit can cost."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from origin.client import path_for, sign_path
from tests.bench.service.cases import Kind, Picture
from tests.bench.service.program import REPOSITORY, Program
from tests.bench.service.wsgi import FOLDER
from tests.service.conftest import KEY, RING, SALT

OURS = "blendBeat"
BARE = "bare WSGI function"


class Gunicorn(Program):
    """A function of `tests.bench.service.wsgi` on gunicorn's own gevent worker."""

    def __init__(self, name: str, takes: frozenset[Kind], log: Path, folder: Path, function: str) -> None:
        super().__init__(name, takes, log)
        self._folder = folder
        self._function = function
        self.ready = "/ready/health"

    def start(self) -> None:
        """With a file that says that it has started."""
        (self._folder / "health").write_bytes(b"started")
        super().start()

    @property
    def command(self) -> Sequence[str]:
        """As patient with kept-alive connections as the service is."""
        options = ["--worker-class", "gevent", "--workers", "1", "--keep-alive", "75", "--worker-connections", "2000"]
        # gunicorn would open a control socket in the home directory.
        options += ["--bind", f"127.0.0.1:{self.port}", "--no-control-socket"]
        return [sys.executable, "-m", "gunicorn", *options, f"tests.bench.service.wsgi:{self._function}"]

    @property
    def environ(self) -> Mapping[str, str]:
        """Where the files are."""
        return {FOLDER: str(self._folder), "PYTHONPATH": str(REPOSITORY)}

    def path(self, picture: Picture, name: str) -> str:
        """The name makes it another path; the file is the same."""
        return f"/{name}/{picture.name}"


def source_server(log: Path, folder: Path) -> Gunicorn:
    """Where all contestants get their sources."""
    return Gunicorn("sources", frozenset(), log, folder, "source")


def bare_function(log: Path, folder: Path) -> Gunicorn:
    """The limit of a hit: *folder* holds answers of the service under `Picture.name`."""
    takes = frozenset({Kind.MEMORY, Kind.MEMCACHED, Kind.NOT_MODIFIED, Kind.START})
    return Gunicorn(BARE, takes, log, folder, "bare")


class BlendBeat(Program):
    """The service as the Procfile and the Dockerfile start it, with default settings and signed URLs.

    Args:
        memcached: ``host:port`` of a server; the memory tier is off then, so that every hit is one there.
    """

    def __init__(self, log: Path, source_port: int, memcached: str = "") -> None:
        super().__init__(OURS, frozenset({Kind.MEMCACHED}) if memcached else frozenset(Kind) - {Kind.MEMCACHED}, log)
        self._source_port = source_port
        self._memcached = memcached

    @property
    def command(self) -> Sequence[str]:
        """What the Procfile says."""
        return [sys.executable, "-m", "gunicorn", "-c", "python:origin.gunicorn_conf", "origin.wsgi:application"]

    @property
    def environ(self) -> Mapping[str, str]:
        """Keys, leave to call the source server, and what the Dockerfile sets."""
        settings = {
            "BLENDBEAT_KEYS": KEY,
            "BLENDBEAT_SALTS": SALT,
            "BLENDBEAT_ALLOWED_NETWORKS": "127.0.0.0/8",
            "BLENDBEAT_LOG_FORMAT": "json",
            "MALLOC_ARENA_MAX": "2",
        }
        if self._memcached:
            settings |= {"BLENDBEAT_MEMCACHED": self._memcached, "BLENDBEAT_MEMORY_TIER_BYTES": "0"}
        return settings

    def path(self, picture: Picture, name: str) -> str:
        """Signed, so that verifying is part of what is measured."""
        options = [f"rs:fit:{picture.box_px}:{picture.box_px}", f"q:{picture.quality}"]
        source = f"http://127.0.0.1:{self._source_port}/{name}/{picture.source}"
        return sign_path(RING, path_for(source, options, extension=picture.format.value))
