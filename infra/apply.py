"""Does what a plan says, step by step, and survives lost answers.

Every step can be done again: whoever is killed in the middle starts the same command
anew, which finds by name and tag what is there already. Nothing is written down.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

import jmespath

from infra.errors import Absent, InfraError, Refused, TookTooLong, Unanswered
from infra.kind import Kind
from infra.names import Scope
from infra.plan import Action, Change
from infra.seen import Seen
from infra.session import Aws
from infra.values import Call, Found, Ref, Wait, resolved

_ATTEMPTS: Final = 4
_SETTLING_S: Final = (1.0, 2.0, 4.0, 8.0)
"""Pauses in which something just made may not be found yet: many APIs are only eventually consistent."""

_EVERY_S: Final = 5.0


class Clock(Protocol):
    """Time, so that tests need not wait."""

    def now_s(self) -> float:
        """Seconds since any moment."""

    def sleep(self, seconds: float) -> None:
        """Let them pass."""


class Progress(Protocol):
    """Whoever wants to know how far we are."""

    def began(self, change: Change, number: int, total: int) -> None:
        """*change* is next."""

    def waiting(self, what: str, since_s: float, limit_s: float) -> None:
        """*what* is awaited since a while."""

    def done(self, change: Change) -> None:
        """*change* is made."""


class WallClock:
    """The real time."""

    def now_s(self) -> float:
        """Seconds of the monotonic clock."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let them pass."""
        time.sleep(seconds)


class Silence:
    """Nobody wants to know."""

    def began(self, change: Change, number: int, total: int) -> None:
        """Nothing."""

    def waiting(self, what: str, since_s: float, limit_s: float) -> None:
        """Nothing."""

    def done(self, change: Change) -> None:
        """Nothing."""


class Builder:
    """Applies changes.

    Args:
        seen: What was observed; brought up to date on the way.
    """

    def __init__(
        self, aws: Aws, scope: Scope, kinds: Sequence[Kind], seen: Seen, clock: Clock, progress: Progress
    ) -> None:
        self._aws = aws
        self._scope = scope
        self._kinds = {kind.name: kind for kind in kinds}
        self._seen = seen
        self._clock = clock
        self._progress = progress
        self._kind_of: dict[str, str] = {}

    def apply(self, changes: Sequence[Change]) -> None:
        """Make all *changes*, in this order.

        Raises:
            InfraError: One could not be made; those before it stay made.
        """
        self._kind_of = {change.key: change.kind for change in changes}
        for number, change in enumerate(changes, 1):
            self._progress.began(change, number, len(changes))
            if change.action is not Action.CREATE:
                self._seen.forget(change.key)
            for step in change.steps:
                if isinstance(step, Wait):
                    self._await(change, step)
                else:
                    self._make(change, step)
            self._progress.done(change)

    def _make(self, change: Change, call: Call) -> None:
        params = {name: resolved(value, lambda ref: self._output(change, ref)) for name, value in call.params.items()}
        answer = self._patiently(change, call, params)
        told = {name: jmespath.search(path, answer) for name, path in call.gives.items()} if answer else {}
        self._seen.tell(change.key, {name: value for name, value in told.items() if value is not None})

    def _patiently(self, change: Change, call: Call, params: Mapping[str, Any]) -> dict[str, Any] | None:
        began_s = self._clock.now_s()
        while True:
            try:
                return self._create(change, call, params) if call.creates else self._put(change, call, params)
            except Refused as refused:
                since_s = self._clock.now_s() - began_s
                if not _means_not_yet(refused, call) or since_s >= call.patience_s:
                    raise
                self._progress.waiting(f"{call}: {refused.code}", since_s, call.patience_s)
                self._clock.sleep(_EVERY_S)

    def _put(self, change: Change, call: Call, params: Mapping[str, Any]) -> dict[str, Any] | None:
        try:
            return self._aws.call(call.service, call.operation, params)
        except Absent:
            # Somebody was faster, or the answer of an earlier attempt was lost.
            if change.action is Action.DELETE or change.action is Action.REPLACE:
                return None
            raise

    def _create(self, change: Change, call: Call, params: Mapping[str, Any]) -> dict[str, Any] | None:
        for attempt in range(_ATTEMPTS):
            try:
                return self._aws.call(call.service, call.operation, params, once=True)
            except Unanswered:
                if self._appears(change):
                    return None
                if attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError

    def _appears(self, change: Change) -> bool:
        for pause_s in _SETTLING_S:
            if self._look(change.kind, change.key) is not None:
                return True
            self._clock.sleep(pause_s)
        return self._look(change.kind, change.key) is not None

    def _output(self, change: Change, ref: Ref) -> str:
        if (value := self._seen.output(ref)) is not None:
            return value
        # Made in this run, and its answer did not tell, or was lost.
        for pause_s in (0.0, *_SETTLING_S):
            self._clock.sleep(pause_s)
            if ref.key in self._kind_of:
                self._look(self._kind_of[ref.key], ref.key)
            if (value := self._seen.output(ref)) is not None:
                return value
        raise InfraError(f"{change.key} needs {ref}, which is not there", "run the same command again in a minute")

    def _look(self, kind: str, key: str) -> Found | None:
        self._seen.replace(kind, self._kinds[kind].observe(self._aws, self._scope, self._seen))
        return self._seen.get(kind, key)

    def _await(self, change: Change, wait: Wait) -> None:
        began_s = self._clock.now_s()
        while not self._is_over(change, wait):
            since_s = self._clock.now_s() - began_s
            if since_s >= wait.limit_s:
                raise TookTooLong(
                    f"waited {wait.limit_s} s for {wait.what}",
                    "run the same command again: it goes on waiting where this one gave up",
                )
            self._progress.waiting(wait.what, since_s, wait.limit_s)
            self._clock.sleep(_EVERY_S)

    def _is_over(self, change: Change, wait: Wait) -> bool:
        found = self._look(change.kind, change.key)
        if wait.gone:
            return not any(have.label == wait.gone for have in self._seen.all(change.kind))
        state = found.outputs.get(wait.output, "") if found else ""
        if state in wait.failed:
            raise TookTooLong(
                f"waited for {wait.what}, which is {state}", "look at it in the AWS console, then try again"
            )
        return state in wait.until


def observe(aws: Aws, scope: Scope, kinds: Iterable[Kind]) -> Seen:
    """Everything of *kinds* that exists, earlier kinds first. Reads only."""
    seen = Seen()
    for kind in kinds:
        seen.replace(kind.name, kind.observe(aws, scope, seen))
    return seen


def _means_not_yet(refused: Refused, call: Call) -> bool:
    return any(refused.code == code and word in refused.message for code, word in call.patient)
