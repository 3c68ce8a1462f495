"""What would change, field by field, and what it would cost. Reads only."""

import argparse
from dataclasses import replace
from typing import Final

from infra.cost import Bill, monthly
from infra.desired import Egress
from infra.estate import KINDS, Situation, desired
from infra.invocation import Invocation
from infra.plan import duplicates
from infra.prices import US_EAST_1
from infra.report import bill_json, bill_table, changes_json, changes_table, choices_table, summary

SUMMARY: Final = "what would change, and what it would cost a month; changes nothing"
DETAILS: Final = "Costs nothing. Exit status 0, whether something would change or not."


def arguments(parser: argparse.ArgumentParser) -> None:
    """What to run instead of what runs."""
    parser.add_argument("--image", default="", help="default: what runs, or was pushed last")


def run(invocation: Invocation) -> int:
    """Show it."""
    situation = invocation.look(invocation.chosen.image)
    changes = situation.changes()
    before, after = bills(situation)
    invocation.show(changes_table(changes))
    warn(invocation, situation)
    invocation.say(f"{summary(changes)}\n")
    invocation.show(
        bill_table(after, US_EAST_1, situation.scope.region),
        choices_table("Together, by network.egress", _ways_out(situation)),
    )
    invocation.say(f"now {_range(before)}, then {_range(after)} US dollars a month")
    sums = {"before": bill_json(before), "after": bill_json(after)}
    invocation.answer({"changes": changes_json(changes), "monthly_usd": sums})
    return 0


def bills(situation: Situation) -> tuple[Bill, Bill]:
    """What it costs now, and what it would."""
    traffic = situation.scope.environment.traffic
    present = [have for have in situation.seen.found if have.ours and not have.leaving]
    return monthly(present, KINDS, traffic, US_EAST_1), monthly(situation.wanted, KINDS, traffic, US_EAST_1)


def warn(invocation: Invocation, situation: Situation) -> None:
    """Say what people should know besides."""
    for kept, extra in duplicates(situation.seen.found):
        invocation.say(f"there are two of {kept.key}: {kept.label} is kept, {extra.label} goes")
    if not situation.scope.image:
        name = situation.scope.environment.name
        invocation.say(f"no image was ever pushed, so there is no service yet: `python -m infra build {name}`")


def _range(bill: Bill) -> str:
    return f"{bill.low:.2f} to {bill.high:.2f}"


def _ways_out(situation: Situation) -> list[tuple[str, Bill, bool]]:
    environment = situation.scope.environment
    choices = []
    for egress in Egress:
        other = replace(environment, network=replace(environment.network, egress=egress))
        wanted = desired(replace(situation.scope, environment=other))
        bill = monthly(wanted, KINDS, environment.traffic, US_EAST_1)
        choices.append((egress.value, bill, egress is environment.network.egress))
    return choices
