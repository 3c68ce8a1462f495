import io
import json
import logging
from collections.abc import Iterator

import pytest

from origin.telemetry import logs
from origin.telemetry.events import RequestTold

EVENT = RequestTold(
    request_id="id-1",
    method="GET",
    target="/-/w:3/plain/local:///é.jpg",
    status=200,
    outcome="miss",
    bytes_out=1234,
    total_ms=12.3456,
    details={"fetch_ms": "1.0", "transform_ms": "10.0", "key": "abc"},
)


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    yield
    logs.LOGGER.handlers.clear()
    logs.LOGGER.propagate = True
    logging.getLogger("pyvips").disabled = False


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def told(log_format: str, stream: io.StringIO, event: RequestTold = EVENT) -> str:
    logs.configure(log_format, stream)
    logs.tell(event)
    return stream.getvalue()


def test_a_machine_gets_one_json_line() -> None:
    text = told("auto", io.StringIO())
    assert text.count("\n") == 1
    line = json.loads(text)
    assert line["request_id"] == "id-1"
    assert (line["status"], line["outcome"], line["bytes_out"], line["total_ms"]) == (200, "miss", 1234, 12.35)
    assert line["key"] == "abc"
    assert line["level"] == "info"


def test_a_person_at_a_terminal_gets_text() -> None:
    text = told("auto", Terminal())
    assert "200  miss" in text
    assert "[fetch 1.0 transform 10.0]" in text
    assert not text.startswith("{")


def test_the_format_can_be_forced() -> None:
    assert told("json", Terminal()).startswith("{")
    assert not told("text", io.StringIO()).startswith("{")


def test_configuring_twice_does_not_tell_twice() -> None:
    stream = io.StringIO()
    logs.configure("json", stream)
    assert told("json", stream).count("\n") == 1


def test_a_line_break_in_a_target_cannot_forge_a_line() -> None:
    event = RequestTold("id", "GET", "/a\n{}", 404, "nothing-here", 0, 1.0, {"problem": "a\nb\u2028c"})
    for log_format in ("json", "text"):
        assert len(told(log_format, io.StringIO(), event).splitlines()) == 1


def test_a_fault_of_ours_is_an_error_with_its_traceback() -> None:
    stream = io.StringIO()
    logs.configure("json", stream)
    try:
        _ = 1 // 0
    except ZeroDivisionError:
        logs.LOGGER.exception("request failed")
    line = json.loads(stream.getvalue())
    assert line["level"] == "error"
    assert "ZeroDivisionError" in line["traceback"]
