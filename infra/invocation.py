"""What a command has to work with."""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rich.console import Console

from infra.apply import Builder, Clock
from infra.desired import Environment
from infra.estate import Situation, look
from infra.plan import Change
from infra.progress import Shown
from infra.session import Aws


@dataclass
class Invocation:
    """One run of one command.

    Args:
        chosen: The command line.
        connect: Leads to the account; not before somebody needs it, so that `cost` works without one.
        out: For the answer.
        progress: For how far it is.
        ask: Asks a person for a line of text.
    """

    chosen: argparse.Namespace
    environment: Environment
    connect: Callable[[], Aws]
    out: Console
    progress: Shown
    clock: Clock
    ask: Callable[[str], str]

    @cached_property
    def aws(self) -> Aws:
        """The account."""
        return self.connect()

    def look(self, image: str = "") -> Situation:
        """What is wanted beside what there is."""
        return look(self.aws, self.environment, image)

    def apply(self, situation: Situation, changes: tuple[Change, ...]) -> None:
        """Make *changes*, and show them as they are made."""
        builder = Builder(self.aws, situation.scope, situation.kinds, situation.seen, self.clock, self.progress)
        with self.progress.shown():
            builder.apply(changes)

    def say(self, text: str) -> None:
        """A sentence for people; programs get JSON instead."""
        if not self.chosen.json:
            self.out.print(text, markup=False, highlight=False, soft_wrap=True)

    def show(self, *tables: Any) -> None:
        """Tables for people."""
        if not self.chosen.json:
            for table in tables:
                self.out.print(table)
                self.out.print()

    def answer(self, value: Any) -> None:
        """The answer for programs."""
        if self.chosen.json:
            print(json.dumps(value, indent=2, default=str), file=self.out.file)
