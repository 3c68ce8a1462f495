"""What happens between the estate's code and AWS: everything is written down, and one call may be made to fail."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any

import boto3
from botocore.exceptions import ClientError, ReadTimeoutError

from tests.infra.strict import problems

_READS = re.compile(r"(Describe|List|Get|BatchGet|BatchCheck|Head|Lookup|Search|Filter|Simulate|Validate|Estimate)")


class Killed(BaseException):
    """The process is no more: no `except Exception` and no clean-up runs that a SIGKILL would not let run."""


class Fault(Enum):
    """How a call fails: before it took effect or after, by an error or by the end of the process."""

    REFUSED = "an error before"
    KILLED_BEFORE = "a kill before"
    LOST = "a lost answer"
    KILLED_AFTER = "a kill after"


@dataclass(frozen=True)
class Made:
    """One call that would change something, as it left the estate's code."""

    name: str
    params: dict[str, Any]


class Hooks:
    """Listens on a session; every client that is made from it is heard.

    Attributes:
        made: Mutating calls, whether they took effect or not.
        read_only: A mutating call is a failure of the test.
    """

    def __init__(self, session: boto3.Session) -> None:
        self.made: list[Made] = []
        self.wrong: list[str] = []
        self.read_only = False
        self._fault: tuple[int, Fault] | None = None
        session.events.register_first("before-parameter-build", self._built)
        session.events.register_first("before-call", self._before)
        session.events.register_last("after-call", self._after)

    def reset(self) -> None:
        """Forget everything; nothing fails any more."""
        self.made, self.wrong, self.read_only, self._fault = [], [], False, None

    @contextmanager
    def recorded(self) -> Iterator[list[Made]]:
        """The mutating calls that are made inside the block."""
        first = len(self.made)
        calls: list[Made] = []
        try:
            yield calls
        finally:
            calls += self.made[first:]

    @contextmanager
    def failing(self, number: int, fault: Fault) -> Iterator[None]:
        """The mutating call *number*, from 0, fails, once."""
        self._fault = (len(self.made) + number, fault)
        try:
            yield
        finally:
            self._fault = None

    def _built(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        if model.input_shape:
            self.wrong += [f"{model.name}{problem}" for problem in problems(model.input_shape, params)]
        if not _READS.match(model.name):
            self._latest = Made(f"{model.service_model.service_name}.{model.name}", params)

    def _before(self, model: Any, context: dict[str, Any], **_: Any) -> None:
        if _READS.match(model.name):
            return
        assert not self.read_only, f"{model.name} changes something"
        number = len(self.made)
        self.made.append(self._latest)
        if self._fault and self._fault[0] == number:
            fault = self._fault[1]
            if fault is Fault.KILLED_BEFORE:
                raise Killed
            if fault is Fault.REFUSED:
                raise ClientError({"Error": {"Code": "AccessDenied", "Message": "a test says no"}}, model.name)
            context["fault"] = fault

    def _after(self, model: Any, context: dict[str, Any], **_: Any) -> None:
        fault = context.pop("fault", None)
        if fault is Fault.KILLED_AFTER:
            raise Killed
        if fault is Fault.LOST:
            raise ReadTimeoutError(endpoint_url=model.name)
