"""The command line: ``blendbeat serve``, ``sign``, ``purge``, ``keys new``."""

import argparse
import json
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from origin import grammar, query
from origin.client import path_for, sign_path, sign_query
from origin.development import environment, new_pair, sample_urls
from origin.errors import BadRecipe
from origin.purge_client import PurgeFailed, purge
from origin.secrets import completed
from origin.settings import EXIT_STATUS, BadSettings, Settings
from origin.signing import KeyRing
from origin.version import VERSION

_DEVELOPMENT_FOLDER = Path(".blendbeat")
_FAILED_STATUS = 1
_USAGE_STATUS = 2
_SERVER = ("-m", "gunicorn", "-c", "python:origin.gunicorn_conf", "origin.wsgi:application")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status, 78 when the settings are wrong."""
    chosen = _parser().parse_args(arguments)
    try:
        status: int = chosen.run(chosen, os.environ)
    except BadSettings as bad:
        for problem in bad.problems:
            print(f"blendbeat: {problem}", file=sys.stderr)
        return EXIT_STATUS
    except (BadRecipe, ValueError, FileNotFoundError) as bad:
        print(f"blendbeat: {bad}", file=sys.stderr)
        return _USAGE_STATUS
    except PurgeFailed as failed:
        print(f"blendbeat: {failed}", file=sys.stderr)
        return _FAILED_STATUS
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="blendbeat", description="A signed-URL image CDN origin.")
    parser.add_argument("--version", action="version", version=f"blendBeat {VERSION}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="start the server; settings come from the environment")
    serve.add_argument("--dev", action="store_true", help="make keys on first start and serve the sample pictures")
    serve.set_defaults(run=_serve)

    sign = commands.add_parser(
        "sign",
        help="print a signed URL",
        epilog="examples: blendbeat sign rs:fill:300:200 https://img.example.com/a.jpg | "
        "blendbeat sign /w:300/plain/local:///valley.jpg | blendbeat sign '/resize?url=local:///valley.jpg&width=300'",
    )
    sign.add_argument("options", nargs="*", metavar="OPTION", help="processing options, such as rs:fill:300:200")
    sign.add_argument("source", metavar="SOURCE", help="URL of the source image, or a whole path to sign as it is")
    sign.add_argument("--format", default="", metavar="NAME", help="format of the answer; default: negotiated")
    sign.add_argument("--base64", action="store_true", help="write the source as base64url instead of plain")
    sign.add_argument("--host", default="", metavar="URL", help="put this in front, such as https://cdn.example.com")
    sign.add_argument("--dev", action="store_true", help="sign with the keys that serve --dev made")
    sign.set_defaults(run=_sign)

    purging = commands.add_parser(
        "purge",
        help="have a running service make something anew",
        epilog="The token is the first of BLENDBEAT_ADMIN_TOKENS. Tags: all, host:NAME, source:DIGEST, cb:CACHEBUSTER.",
    )
    what = purging.add_mutually_exclusive_group(required=True)
    what.add_argument("--url", metavar="URL", help="one URL, in all its spellings, formats and signatures")
    what.add_argument("--source", metavar="URL", help="every variant of this source image")
    what.add_argument("--tag", metavar="TAG", help="everything with this tag")
    purging.add_argument("--host", default="", metavar="URL", help="the service; default: this machine, on PORT")
    purging.add_argument("--dev", action="store_true", help="with the token that serve --dev made")
    purging.add_argument("--json", action="store_true", help="print the service's answer as it is")
    purging.set_defaults(run=_purge)

    keys = commands.add_parser("keys", help="signing keys").add_subparsers(required=True, metavar="COMMAND")
    new = keys.add_parser("new", help="print a fresh key and salt, as the environment wants them")
    new.set_defaults(run=_keys_new)
    return parser


def _serve(chosen: argparse.Namespace, environ: Mapping[str, str]) -> int:
    environ = environment(_DEVELOPMENT_FOLDER, completed(environ)) if chosen.dev else dict(environ)
    settings = Settings.from_environ(completed(environ))
    if chosen.dev:
        if _is_taken(settings.port):
            sys.exit(f"blendbeat: port {settings.port} is taken; choose another: PORT=8081 make run")
        _welcome(settings)
    # The same line as in the Procfile; this process becomes the server, so signals reach it.
    os.execve(sys.executable, [sys.executable, *_SERVER], environ)  # noqa: S606  no shell on purpose


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))  # noqa: S104  where the server is going to listen
        except OSError:
            return True
    return False


def _welcome(settings: Settings) -> None:
    host = f"http://localhost:{settings.port}"
    print(f"blendBeat {VERSION} on {host} - Ctrl-C stops it. Pictures to click on:\n")
    for sample in sample_urls(settings.keys):
        print(f"  {sample.title}\n    {host}{sample.path}")
    print(f"\nSign your own:\n  .venv/bin/blendbeat sign --dev --host {host} w:300 local:///valley.jpg\n", flush=True)


def _with_secrets(chosen: argparse.Namespace, environ: Mapping[str, str]) -> Mapping[str, str]:
    environ = completed(environ)
    return environment(_DEVELOPMENT_FOLDER, environ, make=False) if chosen.dev else environ


def _sign(chosen: argparse.Namespace, environ: Mapping[str, str]) -> int:
    environ = _with_secrets(chosen, environ)
    ring = Settings.from_environ(environ).keys
    if not ring.pairs:
        raise BadSettings(("BLENDBEAT_KEYS: there is no key to sign with",))
    print(chosen.host.rstrip("/") + _signed(chosen, ring))
    return 0


def _signed(chosen: argparse.Namespace, ring: KeyRing) -> str:
    source: str = chosen.source
    if source.startswith("/resize?"):
        query.parse(source.partition("?")[2])
        return sign_query(ring, source)
    path = source
    if not source.startswith("/"):
        path = path_for(source, chosen.options, extension=chosen.format, encoded=chosen.base64)
    elif chosen.options:
        raise BadRecipe(source, "a whole path already has its options")
    grammar.parse(path)
    return sign_path(ring, path)


def _purge(chosen: argparse.Namespace, environ: Mapping[str, str]) -> int:
    environ = _with_secrets(chosen, environ)
    # Only these: whoever purges from a desk need not have the keys.
    token = environ.get("BLENDBEAT_ADMIN_TOKENS", "").partition(",")[0].strip()
    if not token:
        raise BadSettings(("BLENDBEAT_ADMIN_TOKENS: there is no token to purge with",))
    host = chosen.host or f"http://localhost:{environ.get('PORT') or 8080}"
    (kind, text), *_ = ((kind, getattr(chosen, kind)) for kind in ("url", "source", "tag") if getattr(chosen, kind))
    answer = purge(host, token, kind, text)
    print(json.dumps(answer) if chosen.json else _purged(answer))
    return 0


def _purged(answer: Mapping[str, Any]) -> str:
    if answer["reach"] == "fleet":
        return f"purged in the whole fleet, within {answer['within_s']} s"
    if answer["nodes"]:
        return "purged in the process that answered; the fleet hears of it when memcached can be reached again"
    return "purged in the process that answered, and only there: without memcached each process is alone"


def _keys_new(chosen: argparse.Namespace, environ: Mapping[str, str]) -> int:  # noqa: ARG001  as every command
    for name, value in new_pair().items():
        print(f"{name}={value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
