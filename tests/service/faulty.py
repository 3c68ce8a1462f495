"""The service with a fault in it: whatever wants a picture from a source is answered 500."""

from unittest import mock

from origin import secrets
from origin.app import build_application
from origin.settings import Settings


def _fault(*_: object) -> None:
    raise RuntimeError("provoked")


mock.patch("origin.handlers.negotiate", _fault).start()
application = build_application(Settings.from_environ(secrets.environment()))
