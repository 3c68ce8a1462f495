"""Says whether what there is is what is wanted."""

import argparse
from typing import Final

from infra.invocation import Invocation
from infra.report import changes_json, changes_table, summary

SUMMARY: Final = "exit status 1 if somebody changed things by hand"
DETAILS: Final = (
    "Reads only. Exit status 0: everything is as infra/environments.py says. 1: it is not, and here is what differs."
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing of its own."""


def run(invocation: Invocation) -> int:
    """Compare."""
    changes = invocation.look().changes()
    invocation.show(changes_table(changes))
    invocation.say(f"drift: {summary(changes)}")
    invocation.answer({"drift": bool(changes), "changes": changes_json(changes)})
    return 1 if changes else 0
