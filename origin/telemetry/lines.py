"""What happened as one line: JSON for machines, text for a terminal."""

import json
import logging
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted

from origin.telemetry.events import Facts, RequestTold


def level_of(event: RequestTold) -> int:
    """How loudly it is told: faults of ours as errors, of sources and load as warnings, the rest for information."""
    return logging.ERROR if event.status == 500 else logging.WARNING if event.status > 500 else logging.INFO


class Json(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        """A line about anything but a request."""
        line = {
            "time": f"{_second(int(record.created))}.{_milliseconds(record.created)}+00:00",
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        # ASCII: beyond it there are signs that some collectors take for the end of a line.
        return json.dumps(line)

    def told(self, event: RequestTold, now_s: float) -> str:
        """A line about a request."""
        details = event.details if isinstance(event.details, Facts) else Facts(event.details)
        return (
            f'{{"time": "{_second(int(now_s))}.{_milliseconds(now_s)}+00:00", '
            f'"level": "{logging.getLevelName(level_of(event)).lower()}", "message": "request", '
            f'"request_id": {quoted(event.request_id)}, "method": {quoted(event.method)}, '
            f'"target": {quoted(event.target)}, "status": {event.status}, "outcome": {quoted(event.outcome)}, '
            f'"bytes_out": {event.bytes_out}, "total_ms": {event.total_ms:.2f}{details.as_members()}}}'
        )


class Text(logging.Formatter):
    """Lines for people."""

    def format(self, record: logging.LogRecord) -> str:
        """A line about anything but a request."""
        text = f"{_clock(record.created)} {record.getMessage()}"
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text

    def told(self, event: RequestTold, now_s: float) -> str:
        """A line about a request."""
        stages = " ".join(
            f"{stage} {event.details[f'{stage}_ms']}"
            for stage in ("fetch", "queue", "transform")
            if f"{stage}_ms" in event.details
        )
        problem = event.details.get("problem", "")
        parts = (event.status, event.outcome.ljust(9), f"{event.total_ms:7.1f} ms", f"{event.bytes_out:8d} B")
        notes = (f"[{note}]" for note in (stages, problem) if note)
        line = "  ".join([*map(str, parts), event.method, event.target, *notes])
        return f"{_clock(now_s)} {''.join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in line)}"


@lru_cache(maxsize=4)
def _second(now_s: int) -> str:
    return datetime.fromtimestamp(now_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _milliseconds(now_s: float) -> str:
    return f"{int(now_s % 1 * 1000):03d}"


def _clock(now_s: float) -> str:
    return datetime.fromtimestamp(now_s).astimezone().strftime("%H:%M:%S")
