"""What an estate costs a month: a pure function of its fields, wanted or found, and a table of prices.

A range, for nobody knows the traffic. Data transfer inside AWS, and what is free in an
account's first year, are left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from infra.desired import Traffic
from infra.prices import Prices
from infra.values import Fields, Found, Resource

Estate = Mapping[str, Fields]
"""Fields by the key of the resource."""


@dataclass(frozen=True, slots=True)
class Line:
    """One item of the bill.

    Args:
        what: For people, with what it depends on.
        low: US dollars a month at least.
        high: At most; None for the same.
    """

    key: str
    what: str
    low: float
    high: float | None = None

    @property
    def most(self) -> float:
        """The upper end of the range."""
        return self.low if self.high is None else self.high


class Priced(Protocol):
    """A kind, seen from here."""

    name: ClassVar[str]

    def costs(self, key: str, estate: Estate, prices: Prices, traffic: Traffic) -> Iterable[Line]:
        """Items of the bill for the resource *key*."""


@dataclass(frozen=True, slots=True)
class Bill:
    """All items, dearest first."""

    lines: tuple[Line, ...]

    @property
    def low(self) -> float:
        """US dollars a month at least."""
        return round(sum(line.low for line in self.lines), 2)

    @property
    def high(self) -> float:
        """US dollars a month at most."""
        return round(sum(line.most for line in self.lines), 2)


def monthly(estate: Iterable[Resource | Found], kinds: Sequence[Priced], traffic: Traffic, prices: Prices) -> Bill:
    """The bill of *estate*."""
    fields: dict[str, Fields] = {}
    named: dict[str, str] = {}
    for thing in estate:
        fields[thing.key] = thing.wanted if isinstance(thing, Resource) else thing.fields
        named[thing.key] = thing.kind
    by_name = {kind.name: kind for kind in kinds}
    lines = [line for key in fields for line in by_name[named[key]].costs(key, fields, prices, traffic)]
    return Bill(tuple(sorted(lines, key=lambda line: (-line.most, line.key, line.what))))
