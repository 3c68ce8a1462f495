"""One line per request, as JSON for machines or as text for a terminal."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

from origin.telemetry.events import RequestTold

LOGGER = logging.getLogger("blendbeat")


def configure(log_format: str, stream: TextIO | None = None) -> None:
    """Send the service's log to *stream* (standard output by default) in *log_format*: auto, json or text.

    Calling it again replaces what was configured before.
    """
    stream = stream or sys.stdout
    as_text = log_format == "text" or (log_format == "auto" and stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Text() if as_text else _Json())
    LOGGER.handlers[:] = [handler]
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False
    # The tiers know no service; what they have to say goes the same way.
    tiers = logging.getLogger("cachetiers")
    tiers.handlers[:] = [handler]
    tiers.propagate = False
    # pyvips logs from native threads, where a patched lock must not be waited for; its errors reach us as exceptions.
    for name in list(logging.root.manager.loggerDict):
        if name.split(".")[0] == "pyvips":
            logging.getLogger(name).disabled = True


def tell(event: RequestTold) -> None:
    """Log one request: faults of ours as errors, those of sources and load as warnings, the rest as information."""
    level = logging.ERROR if event.status == 500 else logging.WARNING if event.status > 500 else logging.INFO
    LOGGER.log(level, "request", extra={"event": event})


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        event = getattr(record, "event", None)
        if isinstance(event, RequestTold):
            line |= {
                "request_id": event.request_id,
                "method": event.method,
                "target": event.target,
                "status": event.status,
                "outcome": event.outcome,
                "bytes_out": event.bytes_out,
                "total_ms": round(event.total_ms, 2),
                **event.details,
            }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        # ASCII: beyond it there are signs that some collectors take for the end of a line.
        return json.dumps(line)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        event = getattr(record, "event", None)
        text = f"{time} {_told(event) if isinstance(event, RequestTold) else record.getMessage()}"
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text


def _told(event: RequestTold) -> str:
    stages = " ".join(
        f"{stage} {event.details[f'{stage}_ms']}"
        for stage in ("fetch", "queue", "transform")
        if f"{stage}_ms" in event.details
    )
    problem = event.details.get("problem", "")
    parts = (event.status, event.outcome.ljust(9), f"{event.total_ms:7.1f} ms", f"{event.bytes_out:8d} B", event.method)
    line = "  ".join([*map(str, parts), event.target, *(f"[{note}]" for note in (stages, problem) if note)])
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in line)
