"""What gunicorn loads, in each worker after the fork."""

from origin import secrets
from origin.app import build_application
from origin.settings import Settings

application = build_application(Settings.from_environ(secrets.environment()))
