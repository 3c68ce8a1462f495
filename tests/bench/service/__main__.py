"""How fast it is, beside its limits and its peers: `make bench`, or `python -m tests.bench.service`.

Prints a table and writes `docs/bench/latest.json` and `latest.svg`, which needs
`pip install blendbeat[bench]`. `docs/bench.md` says what the columns mean.
"""

import sys
from collections.abc import Mapping, Sequence

from tests.bench.service import options
from tests.bench.service.cases import HIT, Case, Kind
from tests.bench.service.contestants import BARE, OURS
from tests.bench.service.drive import measure
from tests.bench.service.field import Field, gathered
from tests.bench.service.figures import Look, figures
from tests.bench.service.load import NoFigure
from tests.bench.service.look import look
from tests.bench.service.plot import plot
from tests.bench.service.report import Report, machine, table
from tests.bench.service.scene import Contestant, Measured, Refused, Row, sample

_LONG = frozenset({Kind.SOAK, Kind.SEEN})


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, write."""
    chosen = options.read(arguments)
    where = machine()
    with gathered(chosen) as everybody:
        looks = _looks(everybody, chosen.cases)
        rounds = [_round(number, everybody, chosen.cases) for number in range(chosen.rounds)]
    report = Report(figures(rounds, looks), everybody.missing, chosen.rounds, chosen.seconds, where)
    print(table(report))
    if chosen.out is not None:
        chosen.out.mkdir(parents=True, exist_ok=True)
        (chosen.out / "latest.json").write_text(report.as_json())
        plot(report, chosen.out / "latest.svg")


def _looks(everybody: Field, cases: Sequence[Case]) -> Mapping[Row, Look]:
    """One answer of each to each; the bare function learns what a hit is."""
    hit = sample(everybody.ours, HIT, everybody.scene)
    (everybody.folder / HIT.name).write_bytes(hit)
    looks = {}
    for case in cases:
        for contestant in _taking(everybody, case):
            if case.kind is Kind.COLD:
                try:
                    body = sample(contestant, case.picture, everybody.scene)
                except Refused as error:
                    everybody.missing[_told(case, contestant)] = f"answers {error}"
                else:
                    source = everybody.folder / case.picture.source
                    looks[Row(case.name, contestant.name)] = look(body, source, everybody.missing)
            elif case.picture == HIT and contestant.name in (OURS, BARE):
                looks[Row(case.name, contestant.name)] = Look(0 if case.kind is Kind.NOT_MODIFIED else len(hit))
    return looks


def _round(number: int, everybody: Field, cases: Sequence[Case]) -> Mapping[Row, Measured]:
    """Everybody in turn, case by case; who begins changes from round to round. What takes minutes is done once."""
    found: dict[Row, Measured] = {}
    for case in cases:
        taking = _taking(everybody, case) if case.kind not in _LONG or number == 0 else []
        for contestant in taking[number % len(taking) :] + taking[: number % len(taking)] if taking else []:
            told = _told(case, contestant)
            print(f"round {number + 1}: {told}", file=sys.stderr, flush=True)
            try:
                found |= {measured.row: measured for measured in measure(contestant, case, everybody.scene)}
            except (NoFigure, OSError) as error:
                everybody.missing[told] = str(error)
    return found


def _taking(everybody: Field, case: Case) -> list[Contestant]:
    """Those who do *case*; who could not once is not asked again."""
    return [
        contestant
        for contestant in everybody.contestants
        if case.kind in contestant.takes and _told(case, contestant) not in everybody.missing
    ]


def _told(case: Case, contestant: Contestant) -> str:
    return f"{case.name}: {contestant.name}"


if __name__ == "__main__":
    main()
