"""What the command line says."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.service.cases import CASES, Case, quick
from tests.bench.service.peers import PEERS

_FOLDER = Path("docs/bench")


@dataclass(frozen=True, slots=True)
class Options:
    """How much to measure.

    Args:
        seconds: How long each load lasts.
        peers: Keys of `PEERS`.
        small: Draw small pictures.
        out: Where the files go; none: no files.
    """

    cases: Sequence[Case]
    rounds: int
    seconds: float
    peers: Sequence[str]
    build_oximg: bool
    small: bool
    out: Path | None


def read(arguments: Sequence[str] | None) -> Options:
    """From *arguments*, or those of the process; ends it if they make no sense."""
    names = [case.name for case in CASES]
    parser = argparse.ArgumentParser(prog="python -m tests.bench.service")
    parser.add_argument("--cases", type=_some_of(names), help=f"some of {','.join(names)}")
    parser.add_argument("--rounds", type=int, help="5, or 1 when quick")
    parser.add_argument("--seconds", type=float, help="of each load: 5, or 1 when quick; whole ones")
    parser.add_argument("--peers", type=_some_of(list(PEERS)), help=f"some of {','.join(PEERS)}, or an empty text")
    parser.add_argument("--build-oximg", action="store_true", help="with cargo, for minutes")
    parser.add_argument("--quick", action="store_true", help="small pictures, no peers, no files: for tests")
    parser.add_argument("--out", type=Path, help=f"folder of latest.json and latest.svg: {_FOLDER}")
    given = parser.parse_args(arguments)
    cases = [case for case in CASES if given.cases is None or case.name in given.cases]
    return Options(
        cases=[quick(case) for case in cases] if given.quick else cases,
        rounds=given.rounds or (1 if given.quick else 5),
        seconds=given.seconds or (1 if given.quick else 5),
        peers=given.peers if given.peers is not None else [] if given.quick else list(PEERS),
        build_oximg=given.build_oximg,
        small=given.quick,
        out=given.out or (None if given.quick else _FOLDER),
    )


def _some_of(names: Sequence[str]) -> Callable[[str], list[str]]:
    def chosen(text: str) -> list[str]:
        asked = [name for name in text.split(",") if name]
        if unknown := set(asked) - set(names):
            raise argparse.ArgumentTypeError(f"there is no {', '.join(sorted(unknown))}")
        return asked

    return chosen
