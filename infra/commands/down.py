"""Deletes everything of an environment."""

import argparse
from typing import Final

from infra.commands.plan import bills
from infra.errors import BadDesiredState, InfraError
from infra.invocation import Invocation
from infra.report import changes_json, changes_table, summary

SUMMARY: Final = "delete everything, images, logs and keys included"
DETAILS: Final = (
    "Destroys the service, its images, its logs and its signing keys: URLs that were signed with them are void for "
    "good. Asks for the environment's name, unless --yes says it. What has not our tags stays. Safe to run again "
    "after any failure."
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing of its own."""


def run(invocation: Invocation) -> int:
    """Ask, then do it."""
    situation = invocation.look()
    changes = situation.removal()
    before, _ = bills(situation)
    invocation.show(changes_table(changes))
    invocation.say(summary(changes))
    if changes:
        _confirm(invocation)
        invocation.apply(situation, changes)
    for have in situation.seen.found:
        if not have.ours:
            invocation.say(f"left alone, for it has not our tags: {have.kind} {have.label}")
    invocation.say(f"gone: {before.low:.0f} to {before.high:.0f} US dollars a month less")
    invocation.answer({"changes": changes_json(changes)})
    return 0


def _confirm(invocation: Invocation) -> None:
    name = invocation.environment.name
    if invocation.chosen.yes:
        return
    try:
        typed = invocation.ask(f"Type {name} to delete all this: ")
    except EOFError:
        raise BadDesiredState(name, ("nobody is there to confirm; --yes does it unasked",)) from None
    if typed.strip() != name:
        raise InfraError(f"{typed.strip()!r} is not {name!r}: nothing was deleted", f"python -m infra down {name}")
