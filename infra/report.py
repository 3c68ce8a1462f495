"""What people see of plans and bills, and what programs get of them. Values in, tables or JSON out."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from rich.table import Table
from rich.text import Text

from infra.cost import Bill
from infra.plan import Action, Change, shown
from infra.prices import Prices
from infra.values import canonical

_SIGNS: Final = {
    Action.CREATE: ("+", "green"),
    Action.UPDATE: ("~", "yellow"),
    Action.REPLACE: ("±", "red"),
    Action.DELETE: ("-", "red"),
}
_LONGEST: Final = 60


def changes_table(changes: Sequence[Change], *, title: str = "") -> Table:
    """One row per change, and one per field where a field changes."""
    table = Table(title=title or None, box=None, pad_edge=False, show_header=False)
    for column in ("", "resource", "field", "before", "after"):
        table.add_column(column, overflow="fold")
    for change in changes:
        sign, colour = _SIGNS[change.action]
        table.add_row(Text(sign, colour), change.key, Text(change.kind, "dim"), "", "")
        if change.action is not Action.CREATE:
            for field in change.fields:
                table.add_row("", "", field.path, Text(_brief(field.before), "red"), Text(_brief(field.after), "green"))
    return table


def summary(changes: Sequence[Change]) -> str:
    """How many of each, in one line.

    >>> summary(())
    'nothing to change'
    """
    counts = [(action.value, sum(change.action is action for change in changes)) for action in Action]
    return ", ".join(f"{count} to {name}" for name, count in counts if count) or "nothing to change"


def bill_table(bill: Bill, prices: Prices, region: str) -> Table:
    """One row per item, and the sum."""
    where = f"prices of {prices.region}, {prices.as_of}" + ("" if region == prices.region else f"; {region} differs")
    table = Table(title=f"US dollars a month ({where})", title_justify="left", box=None, pad_edge=False)
    table.add_column("item")
    table.add_column("", overflow="fold")
    table.add_column("from", justify="right")
    table.add_column("to", justify="right")
    for line in bill.lines:
        table.add_row(line.key, line.what, f"{line.low:.2f}", f"{line.most:.2f}")
    table.add_section()
    table.add_row("together", "", f"{bill.low:.2f}", f"{bill.high:.2f}", style="bold")
    return table


def choices_table(title: str, choices: Iterable[tuple[str, Bill, bool]]) -> Table:
    """What each of several choices would cost altogether; the chosen one is marked."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("")
    table.add_column("choice")
    table.add_column("from", justify="right")
    table.add_column("to", justify="right")
    for name, bill, chosen in choices:
        mark, style = ("*", "bold") if chosen else ("", "")
        table.add_row(mark, name, f"{bill.low:.2f}", f"{bill.high:.2f}", style=style)
    return table


def changes_json(changes: Iterable[Change]) -> list[dict[str, Any]]:
    """Changes for programs: what, which fields, and the calls that do it."""
    return [
        {
            "action": change.action.value,
            "kind": change.kind,
            "key": change.key,
            "label": change.label,
            "fields": [
                {"path": field.path, "before": shown(field.before), "after": shown(field.after)}
                for field in change.fields
            ],
            "calls": [str(call) for call in change.calls],
        }
        for change in changes
    ]


def bill_json(bill: Bill) -> dict[str, Any]:
    """A bill for programs."""
    lines = [
        {"key": line.key, "what": line.what, "low": round(line.low, 2), "high": round(line.most, 2)}
        for line in bill.lines
    ]
    return {"low": bill.low, "high": bill.high, "lines": lines}


def _brief(value: Any) -> str:
    plain = shown(value)
    text = plain if isinstance(plain, str) else canonical(plain)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
