"""The command line: ``python -m infra COMMAND ENVIRONMENT``, or ``blendbeat-infra``.

Exit statuses: 0 done; 1 done, and the answer is no (`drift` found some, `up` has no
image); 2 the command line or the desired state is wrong; 3 AWS refused or did not
answer; 130 interrupted.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from rich.console import Console

from infra.apply import WallClock
from infra.commands import cost, down, drift, plan, up
from infra.desired import Environment
from infra.environments import ENVIRONMENTS, checked, named
from infra.errors import InfraError
from infra.invocation import Invocation
from infra.progress import Shown
from infra.session import connect

COMMANDS: Final[dict[str, Any]] = {"plan": plan, "up": up, "down": down, "cost": cost, "drift": drift}
_INTERRUPTED: Final = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    chosen = _parser().parse_args(arguments)
    errors = Console(stderr=True)
    progress = Shown(errors)
    try:
        status: int = COMMANDS[chosen.command].run(_invocation(chosen, errors, progress))
    except InfraError as error:
        _complain(errors, error.fact, error.remedy)
        return error.status
    except KeyboardInterrupt:
        where = f" at: {progress.current}" if progress.current else ""
        again = f"python -m infra {chosen.command} {chosen.environment}"
        _complain(errors, f"interrupted{where}; what was made stays", f"{again}, which takes up from here")
        return _INTERRUPTED
    return status


def _complain(errors: Console, fact: str, remedy: str) -> None:
    errors.print(f"blendbeat-infra: {fact}\n  next: {remedy}", markup=False, highlight=False, soft_wrap=True)


def _invocation(chosen: argparse.Namespace, errors: Console, progress: Shown) -> Invocation:
    environment = _environment(chosen)
    return Invocation(
        chosen=chosen,
        environment=environment,
        connect=lambda: connect(environment.region, chosen.profile),
        out=Console(),
        progress=progress,
        clock=WallClock(),
        # Not on standard output, which may be one JSON document.
        ask=lambda question: errors.input(question, markup=False),
    )


def _environment(chosen: argparse.Namespace) -> Environment:
    environment = named(chosen.environment)
    return checked(
        replace(
            environment,
            region=chosen.region or environment.region,
            account=chosen.account or environment.account,
        )
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="blendbeat-infra",
        description="The service's estate in AWS. What is wanted stands in infra/environments.py.",
        epilog="Exit status: 0 done, 1 the answer is no, 2 wrong usage or desired state, 3 AWS refused or did not "
        "answer, 130 interrupted.",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND", dest="command")
    for name, module in COMMANDS.items():
        command = commands.add_parser(name, help=module.SUMMARY, description=module.DETAILS)
        known = ", ".join(environment.name for environment in ENVIRONMENTS)
        command.add_argument("environment", metavar="ENVIRONMENT", help=f"one of {known}")
        module.arguments(command)
        command.add_argument("--json", action="store_true", help="print one JSON document instead of tables")
        command.add_argument("--region", default="", help="instead of the environment's own")
        command.add_argument("--profile", default="", help="of the AWS configuration; default: AWS_PROFILE")
        command.add_argument("--account", default="", help="go no further if the credentials are of another account")
        command.add_argument("--yes", action="store_true", help="answer every question with yes")
        command.add_argument("--no-wait", action="store_true", help="do not wait until the service is healthy")
    return parser


if __name__ == "__main__":
    sys.exit(main())
