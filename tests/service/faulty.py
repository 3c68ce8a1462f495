"""The service with a fault in it: whatever wants a picture from a source is answered 500."""

from unittest import mock

from bottle import Bottle

from origin import secrets
from origin.app import build_application
from origin.settings import Settings


def _fault(*_: object) -> None:
    raise RuntimeError("provoked")


def build() -> Bottle:
    """What gunicorn calls in each worker."""
    mock.patch("origin.handlers.negotiate", _fault).start()
    return build_application(Settings.from_environ(secrets.environment()))
