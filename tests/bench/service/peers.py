"""Other people's servers, from package registries, pinned, installed outside the repository."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from origin.recipe import OutputFormat
from tests.bench.service.cases import Kind, Picture
from tests.bench.service.program import Program

HOME = Path.home() / ".cache" / "blendbeat-bench"
"""Where peers are installed, once."""

_CORES = len(os.sched_getaffinity(0))
_LONG = {OutputFormat.JPEG: "jpeg"}
"""What others call a format, where it is not what we call it."""

_TAKES = frozenset({Kind.COLD, Kind.HERD, Kind.SRCSET})


class NotInstalled(Exception):
    """A peer that is not to be had here; the message says why."""


@dataclass(frozen=True, slots=True)
class Package:
    """What to install, and from where.

    Args:
        tool: A program that has to be there already.
    """

    name: str
    version: str
    tool: str

    @property
    def folder(self) -> Path:
        """Where it is, or would be."""
        return HOME / f"{self.name}-{self.version}"

    @property
    def installed(self) -> bool:
        """Whether it is there, whole."""
        return (self.folder / "complete").exists()

    def commands(self) -> Sequence[Sequence[str]]:
        """What installs it into its folder."""
        folder = str(self.folder)
        if self.tool == "npm":
            return [["npm", "install", "--silent", "--no-audit", "--prefix", folder, f"{self.name}@{self.version}"]]
        if self.tool == "cargo":
            return [["cargo", "install", "--quiet", "--locked", "--root", folder, f"{self.name}@{self.version}"]]
        pip = f"{folder}/bin/pip"
        return [[self.tool, "-m", "venv", folder], [pip, "install", "--quiet", f"{self.name}=={self.version}"]]

    def install(self) -> None:
        """Install it, unless it is there.

        Raises:
            NotInstalled: It cannot be.
        """
        if self.installed:
            return
        if shutil.which(self.tool) is None:
            raise NotInstalled(f"{self.tool} is not here")
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        for command in self.commands():
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                said = (done.stderr or done.stdout).strip().splitlines() or ["nothing said"]
                raise NotInstalled(f"{command[0]} failed: {said[-1]}")
        (self.folder / "complete").touch()


THUMBOR = Package("thumbor", "7.8.0", sys.executable)
IPX = Package("ipx", "3.1.1", "npm")
SHARP = Package("sharp", "0.35.5", "npm")
OXIMG = Package("oximg", "0.18.1", "cargo")


class Peer(Program):
    """One of them.

    Args:
        source_port: Where sources come from.
    """

    package: Package

    def __init__(self, log: Path, source_port: int) -> None:
        super().__init__(f"{self.package.name} {self.package.version}", _TAKES, log)
        self._sources = f"http://127.0.0.1:{source_port}"

    def start(self) -> None:
        """Install it if need be, then start it."""
        self.package.install()
        super().start()


class Thumbor(Peer):
    """As many processes as cores; it keeps neither sources nor results."""

    package = THUMBOR

    def __init__(self, log: Path, source_port: int) -> None:
        super().__init__(log, source_port)
        self.takes |= {Kind.SOAK}
        self._settings = log.with_suffix(".conf")

    @property
    def command(self) -> Sequence[str]:
        """With a configuration that is written first."""
        self._settings.write_text("ALLOW_UNSAFE_URL = True\nSTORAGE = 'thumbor.storages.no_storage'\n")
        options = ["--ip", "127.0.0.1", "--port", str(self.port), "--processes", str(_CORES)]
        return [f"{self.package.folder}/bin/thumbor", *options, "--conf", str(self._settings), "--log-level", "error"]

    def path(self, picture: Picture, name: str) -> str:
        """Unsigned."""
        filters = f"filters:format({_long(picture)}):quality({picture.quality})"
        return f"/unsafe/fit-in/{picture.box_px}x{picture.box_px}/{filters}/{self._sources}/{name}/{picture.source}"


class Ipx(Peer):
    """Its own command."""

    package = IPX

    @property
    def command(self) -> Sequence[str]:
        """Sources come from this machine alone."""
        program = f"{self.package.folder}/node_modules/.bin/ipx"
        return ["node", program, "serve", "--host", "127.0.0.1", "--domains", "127.0.0.1"]

    @property
    def environ(self) -> Mapping[str, str]:
        """As many threads as cores."""
        return {"UV_THREADPOOL_SIZE": str(_CORES), "NODE_ENV": "production"}

    def path(self, picture: Picture, name: str) -> str:
        """Modifiers first."""
        modifiers = f"f_{_long(picture)},s_{picture.box_px}x{picture.box_px},fit_inside"
        # To sharp a quality of a PNG means a palette, which is another picture.
        quality = "" if picture.format is OutputFormat.PNG else f",q_{picture.quality}"
        return f"/{modifiers}{quality}/{self._sources}/{name}/{picture.source}"


class Sharp(Peer):
    """A dozen lines around sharp."""

    package = SHARP

    @property
    def command(self) -> Sequence[str]:
        """node."""
        return ["node", str(Path(__file__).with_name("sharp.mjs"))]

    @property
    def environ(self) -> Mapping[str, str]:
        """As many threads as cores."""
        modules = str(self.package.folder)
        return {"UV_THREADPOOL_SIZE": str(_CORES), "NODE_ENV": "production", "MODULES": modules}

    def path(self, picture: Picture, name: str) -> str:
        """As `sharp.mjs` reads it."""
        return f"/{picture.box_px}/{_long(picture)}/{picture.quality}/{self._sources}/{name}/{picture.source}"


class Oximg(Peer):
    """Built from source, which takes minutes, so only where it is asked for; its qualities are its defaults."""

    package = OXIMG

    @property
    def command(self) -> Sequence[str]:
        """It reads the environment alone."""
        return [f"{self.package.folder}/bin/oximg"]

    @property
    def environ(self) -> Mapping[str, str]:
        """Where sources come from."""
        return {"OXIMG_BIND": "127.0.0.1", "OXIMG_SOURCE_BASE_URL": self._sources}

    def path(self, picture: Picture, name: str) -> str:
        """Size by position, format behind."""
        return f"/resize/{picture.box_px}/{picture.box_px}/{name}/{picture.source}@{picture.format.value}"


PEERS: Mapping[str, type[Peer]] = {"thumbor": Thumbor, "ipx": Ipx, "sharp": Sharp, "oximg": Oximg}


def _long(picture: Picture) -> str:
    return _LONG.get(picture.format, picture.format.value)
