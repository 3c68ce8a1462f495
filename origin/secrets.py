"""Secrets that do not stand in the environment: in files that were mounted, or in AWS Secrets Manager.

Read where a process starts, before the settings, which know nothing of where a
variable came from. They are read once: a secret that changes needs a restart.
"""

import functools
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from origin.settings import SECRETS, SECRETS_ARN, BadSettings

_ARN = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+")
_FETCH_S: Final = 60.0

Fetch = Callable[[str], str]
"""The text of the secret with this ARN; ValueError says why not."""


@functools.cache
def environment() -> Mapping[str, str]:
    """The environment of this process with its secrets; asked for once, and by forked processes not again.

    Raises:
        BadSettings: A secret cannot be had, or is there twice.
    """
    return completed(os.environ)


def completed(environ: Mapping[str, str], fetch: Fetch | None = None) -> dict[str, str]:
    """*environ* with the secrets that it only points to, and without the pointers.

    Args:
        environ: As it was set.
        fetch: Gets a secret from elsewhere.

    Raises:
        BadSettings: With every problem found, each by the name of its variable and never with a value.
    """
    # An empty value counts as absent.
    found = [(name, text) for name in SECRETS if (text := environ.get(name))]
    problems: list[str] = []
    for name, path in ((name, environ.get(f"{name}_FILE")) for name in SECRETS):
        try:
            found += [(name, _read(path))] if path else []
        except ValueError as error:
            problems.append(f"{name}_FILE: {error}")
    if arn := environ.get(SECRETS_ARN):
        try:
            found += _members((fetch or _fetched)(_checked(arn)))
        except ValueError as error:
            problems.append(f"{SECRETS_ARN}: {error}")
    names = [name for name, _ in found]
    problems += [f"{name}: it is set twice: {_places(name)}" for name in SECRETS if names.count(name) > 1]
    if problems:
        raise BadSettings(tuple(problems))
    pointers = {SECRETS_ARN, *(f"{name}_FILE" for name in SECRETS)}
    return {name: text for name, text in environ.items() if name not in pointers} | dict(found)


def _places(name: str) -> str:
    return f"only one of {name}, {name}_FILE and a member of {SECRETS_ARN} may be"


def _read(path: str) -> str:
    try:
        return Path(path).read_text("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError(f"{path!r} is no text") from None
    except OSError as error:
        raise ValueError(f"{path!r} cannot be read: {error.strerror}") from None


def _checked(arn: str) -> str:
    if not _ARN.fullmatch(arn):
        raise ValueError(f"{arn!r} is not the ARN of a secret in AWS Secrets Manager")
    return arn


def _members(text: str) -> list[tuple[str, str]]:
    try:
        members = json.loads(text)
    except ValueError:
        members = None
    if not isinstance(members, dict) or not all(isinstance(value, str) for value in members.values()):
        # Not even an excerpt of what it is instead.
        raise ValueError("the secret is no JSON object of texts")
    strange = sorted(name for name in members if name.startswith("BLENDBEAT_") and name not in SECRETS)
    if strange:
        raise ValueError(f"the secret has {', '.join(strange)}; it may have {', '.join(SECRETS)}")
    return [(name, members[name]) for name in SECRETS if members.get(name)]


def _fetched(arn: str) -> str:
    # In a process of its own: what boto3 imports, here and before greenlets have patched it, would block them for good.
    command = [sys.executable, "-m", "origin.secretsmanager", arn]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_FETCH_S, check=False)  # noqa: S603  ours
    except subprocess.TimeoutExpired:
        raise ValueError(f"no answer in {_FETCH_S:g} s") from None
    if done.returncode != 0:
        raise ValueError((done.stderr.strip() or f"exit status {done.returncode}").splitlines()[-1])
    return done.stdout
