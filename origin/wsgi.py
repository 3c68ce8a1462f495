"""What gunicorn loads, in each worker after the fork."""

import os

from origin import secrets
from origin.app import build_application
from origin.settings import Settings
from origin.sources.resolver import RES_OPTIONS

# First of all: the C library reads it with the first name that it looks up, and never again.
os.environ.setdefault("RES_OPTIONS", RES_OPTIONS)
application = build_application(Settings.from_environ(secrets.environment()))
