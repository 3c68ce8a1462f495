"""What the desired state costs, item by item. Needs no account."""

import argparse
from typing import Final

from infra.cost import monthly
from infra.estate import KINDS, desired
from infra.invocation import Invocation
from infra.names import Scope
from infra.prices import US_EAST_1
from infra.report import bill_json, bill_table

SUMMARY: Final = "what the desired state costs a month, item by item"
DETAILS: Final = "Needs no credentials: it is computed from infra/environments.py and a table of prices with a date."

_ANY_ACCOUNT: Final = "000000000000"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing of its own."""


def run(invocation: Invocation) -> int:
    """Compute it."""
    environment = invocation.environment
    zones = tuple(f"{environment.region}{letter}" for letter in "abc")
    scope = Scope(environment, _ANY_ACCOUNT, zones, environment.tasks.image or "any")
    bill = monthly(desired(scope), KINDS, environment.traffic, US_EAST_1)
    invocation.show(bill_table(bill, US_EAST_1, environment.region))
    invocation.answer({"monthly_usd": bill_json(bill), "as_of": US_EAST_1.as_of, "region": US_EAST_1.region})
    return 0
