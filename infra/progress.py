"""Shows how far a command is: one line per change that stays, one for what is awaited that moves."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from rich.console import Console

from infra.plan import Change

if TYPE_CHECKING:
    from rich.status import Status


_A_LINE_EVERY_S: Final = 30.0


class Shown:
    """Progress on a terminal; on anything else one line per change.

    Args:
        console: Where; not standard output, which belongs to the answer.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None
        self._place = ""
        self._said_s = 0.0
        self.current = ""
        """What is being done, for whoever interrupts it."""

    @contextmanager
    def shown(self) -> Iterator["Shown"]:
        """The moving line, for as long as the block runs."""
        with self._console.status("") as status:
            self._status = status
            yield self
        self._status = None

    def began(self, change: Change, number: int, total: int) -> None:
        """*change* is next."""
        self._place = f"[{number}/{total}]"
        self.current = f"{change.action.value} {change.key}"
        self._said_s = 0.0
        self._say(self.current)

    def waiting(self, what: str, since_s: float, limit_s: float) -> None:
        """*what* is awaited since a while."""
        self.current = f"waiting for {what}"
        text = f"{self.current}, {since_s:.0f} of at most {limit_s:.0f} s"
        self._say(text)
        # What is no terminal shows no moving line: a log should not look as if everything stood still.
        if not self._console.is_terminal and since_s >= self._said_s + _A_LINE_EVERY_S:
            self._said_s = since_s
            self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def done(self, change: Change) -> None:
        """*change* is made."""
        self._console.print(
            f"{self._place} {change.action.value} {change.key}", markup=False, highlight=False, soft_wrap=True
        )

    def _say(self, text: str) -> None:
        if self._status:
            self._status.update(f"{self._place.replace('[', chr(92) + '[')} {text}")
