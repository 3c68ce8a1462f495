"""Building and signing URLs: the other side of `grammar` and `query`.

>>> from origin.signing import KeyRing, KeyPair
>>> ring = KeyRing((KeyPair(b"test-key", b"test-salt"),))
>>> sign_path(ring, path_for("local:///test1.png", ["rs:fill:4:4"]))
'/My9d3xq_PYpVHsPrCyww0Kh1w5KZeZhIlWhsa4az1TI/rs:fill:4:4/plain/local:///test1.png'
"""

import base64
import re
from collections.abc import Sequence
from urllib.parse import quote

from origin.rawpath import mended
from origin.signing import KeyRing, query_message

_CARRIED = re.compile(r"/[!$&-;=@-Z_a-z~%]*")
"""The signs of a URL's path (RFC 3986 section 3.3), percent escapes included."""

_PLAIN = "/:=&+,;!$*'()~"
"""Signs that may stand in a plain source as they are; ``@ ? # %`` have a meaning in the path or the URL."""


def path_for(source: str, options: Sequence[str] = (), *, extension: str = "", encoded: bool = False) -> str:
    """The unsigned path of a variant.

    Args:
        source: URL of the source image, not encoded.
        options: As in the URL, such as ``rs:fill:300:200``.
        extension: Format of the answer; empty negotiates it.
        encoded: Write the source as base64url instead of plain.
    """
    if encoded:
        text = base64.urlsafe_b64encode(source.encode()).rstrip(b"=").decode()
        written = f"{text}.{extension}" if extension else text
    else:
        text = quote(source, safe=_PLAIN)
        written = f"plain/{text}@{extension}" if extension else f"plain/{text}"
    return "/" + "/".join([*options, written])


def sign_path(ring: KeyRing, path: str) -> str:
    """*path* with its signature in front.

    Raises:
        ValueError: It would not arrive as it was signed: it holds a sign that a URL cannot carry, or ``%3A`` in an
            option, which the service takes for a colon.
    """
    if not _CARRIED.fullmatch(path) or mended(path[1:]) != path[1:]:
        raise ValueError(f"{path!r} would not arrive as it was signed; escape what a URL cannot carry")
    return f"/{ring.sign(path)}{path}"


def sign_query(ring: KeyRing, target: str) -> str:
    """A ``/resize`` target with its signature behind; one that is there already is replaced."""
    path, _, query = target.partition("?")
    message, _ = query_message(path, query)
    kept = [pair for pair in query.split("&") if pair and not pair.startswith("sig=")]
    return f"{path}?{'&'.join([*kept, f'sig={ring.sign(message)}'])}"
