"""Makes it so, in order of dependency, and waits until the service is healthy."""

import argparse
from typing import Final

from infra import alb
from infra.commands.plan import bills, warn
from infra.health import await_healthy
from infra.invocation import Invocation
from infra.report import changes_json, summary
from infra.values import Ref

SUMMARY: Final = "make it so, wait until it is healthy, print the URL"
DETAILS: Final = (
    "From then on the account is billed what `plan` says. Nothing is asked; what is not wanted any more is deleted. "
    "Safe to run again after any failure: it takes up where the last one ended. Exit status 1: there is no image yet."
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """What to run instead of what runs."""
    parser.add_argument("--image", default="", help="default: what runs, or was pushed last")


def run(invocation: Invocation) -> int:
    """Do it."""
    situation = invocation.look(invocation.chosen.image)
    changes = situation.changes()
    warn(invocation, situation)
    invocation.say(summary(changes))
    invocation.apply(situation, changes)
    if situation.scope.image and not invocation.chosen.no_wait:
        with invocation.progress.shown() as progress:
            await_healthy(invocation.aws, situation, invocation.clock, progress)
    dns_name = situation.seen.output(Ref(alb.BALANCER, "dns"))
    url = alb.url(situation.scope, dns_name or "")
    _, after = bills(situation)
    invocation.say(f"{url}  (about {after.low:.0f} to {after.high:.0f} US dollars a month)")
    invocation.answer({"changes": changes_json(changes), "url": url, "serving": bool(situation.scope.image)})
    return 0 if situation.scope.image else 1
