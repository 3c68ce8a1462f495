"""Asking a running service to purge."""

import json
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

_PATIENCE_S = 30.0


class PurgeFailed(Exception):
    """The service could not be asked, or refused."""


def purge(host: str, token: str, kind: str, text: str) -> dict[str, Any]:
    """Purge *text*, a ``url``, a ``source`` or a ``tag``, at the service behind *host*; what it answered.

    Args:
        host: Scheme, host and port, such as ``http://localhost:8080``.
        token: One of its admin tokens.
        kind: What *text* is.
        text: What is to be made anew.

    Raises:
        PurgeFailed: It could not be asked, or refused.
    """
    if not host.startswith(("http://", "https://")):
        raise PurgeFailed(f"{host!r} is no web address")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = Request(f"{host.rstrip('/')}/purge", json.dumps({kind: text}).encode(), headers)  # noqa: S310  checked
    try:
        with urlopen(request, timeout=_PATIENCE_S) as response:  # noqa: S310
            answer: dict[str, Any] = json.load(response)
    except HTTPError as error:
        with error:
            raise PurgeFailed(f"{host} answered {error.code}: {_detail(error.read())}") from None
    except (URLError, OSError, ValueError) as error:
        raise PurgeFailed(f"{host} cannot be asked: {error}") from None
    return answer


def _detail(body: bytes) -> str:
    try:
        return str(json.loads(body)["detail"])
    except (ValueError, KeyError, TypeError):
        return "it does not say why"
