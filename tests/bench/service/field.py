"""Everybody who takes part, running, on sources of their own."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.service import peers, pictures
from tests.bench.service.cases import Kind
from tests.bench.service.contestants import OURS, BlendBeat, bare_function, source_server
from tests.bench.service.limit import Pyvips
from tests.bench.service.options import Options
from tests.bench.service.program import DidNotStart
from tests.bench.service.scene import Contestant, Scene
from tests.memcached import Memcached


@dataclass(frozen=True, slots=True)
class Field:
    """Who takes part.

    Args:
        folder: With the sources, and with what the bare function answers.
        missing: Who or what does not, and why; filled in as that comes to light.
    """

    scene: Scene
    folder: Path
    contestants: list[Contestant] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)

    @property
    def ours(self) -> Contestant:
        """The service."""
        return next(contestant for contestant in self.contestants if contestant.name == OURS)


@contextmanager
def gathered(options: Options) -> Iterator[Field]:
    """All that the cases need, until the end of this block."""
    kinds = {case.kind for case in options.cases}
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        pictures.draw(folder, small=options.small)
        if Kind.PIXELS in kinds:
            pictures.draw_ladder(folder, small=options.small)
        sources = source_server(folder / "sources.log", folder)
        sources.start()
        stack.callback(sources.stop)
        everybody = Field(Scene.of(sources, options.seconds), folder)
        for contestant in _candidates(everybody, options, kinds, stack):
            if contestant.takes & kinds:
                _let_in(contestant, everybody, stack)
        yield everybody


def _candidates(everybody: Field, options: Options, kinds: set[Kind], stack: ExitStack) -> Iterator[Contestant]:
    folder, port = everybody.folder, everybody.scene.sources.port
    yield BlendBeat(folder / "blendbeat.log", port)
    if Kind.MEMCACHED in kinds and shutil.which("memcached") is None:
        everybody.missing["memcached"] = "it is not installed"
    elif Kind.MEMCACHED in kinds:
        yield BlendBeat(folder / "memcached.log", port, stack.enter_context(Memcached(256)).name)
    yield Pyvips(folder)
    yield bare_function(folder / "bare.log", folder)
    for name in options.peers:
        peer = peers.PEERS[name](folder / f"{name}.log", port)
        if name == "oximg" and not (options.build_oximg or peer.package.installed):
            everybody.missing[peer.name] = "not built; --build-oximg builds it"
        else:
            yield peer


def _let_in(contestant: Contestant, everybody: Field, stack: ExitStack) -> None:
    try:
        contestant.start()
    except peers.NotInstalled as error:
        everybody.missing[contestant.name] = str(error)
    except DidNotStart as error:
        if contestant.name == OURS:
            raise
        everybody.missing[contestant.name] = "it did not start"
        print(f"{contestant.name} did not start:\n{error}", file=sys.stderr)
    else:
        stack.callback(contestant.stop)
        everybody.contestants.append(contestant)
