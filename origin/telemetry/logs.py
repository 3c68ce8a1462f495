"""The service's log: a line per request, and a line for whatever else an operator should hear."""

import logging
import sys
import time
from typing import Final, TextIO

from origin.telemetry.events import RequestTold
from origin.telemetry.lines import Json, Text, level_of

LOGGER: Final = logging.getLogger("blendbeat")


class _Handler(logging.StreamHandler[TextIO]):
    """Writes lines; those about requests, of which there may be thousands in a second, without making records first."""

    def __init__(self, stream: TextIO, formatter: Json | Text) -> None:
        super().__init__(stream)
        self.setFormatter(formatter)
        self._lines = formatter

    def tell(self, event: RequestTold) -> None:
        line = f"{self._lines.told(event, time.time())}\n"
        try:
            self.stream.write(line)
            self.stream.flush()
        except (OSError, ValueError):
            # As with every other line: whoever asks for a picture gets it, though nobody can write that down.
            self.handleError(logging.makeLogRecord({"msg": "request", "levelno": level_of(event)}))


def configure(log_format: str, stream: TextIO | None = None) -> None:
    """Send the service's log to *stream* (standard output by default) in *log_format*: auto, json or text.

    Calling it again replaces what was configured before.
    """
    stream = stream or sys.stdout
    as_text = log_format == "text" or (log_format == "auto" and stream.isatty())
    handler = _Handler(stream, Text() if as_text else Json())
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
    """Log one request."""
    for handler in LOGGER.handlers:
        if isinstance(handler, _Handler):
            handler.tell(event)
