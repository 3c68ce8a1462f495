"""Which sources an operator allows, as prefixes of their URLs.

Patterns and URLs are compared piece by piece, never as text: as text,
``https://img.example.com`` would also allow ``https://img.example.com.evil.net/``
and ``https://img.example.com@evil.net/``.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from origin.recipe import Scheme, SourceRef

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class SourcePattern:
    """One allowed prefix, ready to match.

    Args:
        scheme: Exactly this one.
        host: Matches the whole host name; for s3 the bucket, for local sources empty.
        port: Exactly this one; None where the scheme has no ports.
        path: Matches from the start of the path.
    """

    scheme: Scheme
    host: re.Pattern[str]
    port: int | None
    path: re.Pattern[str]

    def allows(self, source: SourceRef) -> bool:
        """Whether *source* lies under this prefix. A URL that cannot be read lies under none."""
        try:
            parts = urlsplit(source.url)
            port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
        except ValueError:
            return False
        # Beyond ASCII two hosts may look alike to one reader and differ for another; patterns compare letters.
        if not parts.netloc.isascii() or "\\" in parts.netloc or parts.username is not None or _climbs(parts.path):
            return False
        return (
            parts.scheme == self.scheme
            and port == self.port
            and self.host.fullmatch(parts.hostname or "") is not None
            and self.path.match(parts.path or "/") is not None
        )


def parse_pattern(text: str) -> SourcePattern:
    """The pattern that *text*, a URL prefix in which ``*`` may stand inside one segment, spells.

    Raises:
        ValueError: It is no such prefix.

    >>> parse_pattern("https://*.example.com/photos/").allows(
    ...     SourceRef(Scheme.HTTPS, "https://img.example.com/photos/a.jpg"))
    True
    """
    try:
        parts = urlsplit(text)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
        scheme = Scheme(parts.scheme)
    except ValueError:
        raise ValueError(f"{text!r} does not start with http://, https://, s3:// or local://") from None
    if "://" not in text or parts.query or parts.fragment or parts.username is not None:
        raise ValueError(f"{text!r} is not a prefix of a source's URL")
    if scheme is not Scheme.LOCAL and not parts.hostname:
        raise ValueError(f"{text!r} names no host")
    if scheme is Scheme.LOCAL and parts.hostname:
        raise ValueError(f"{text!r} has a host; local sources are local:///path")
    # Both sides are in lower case already: urlsplit sees to that.
    host = re.compile(_glob(parts.hostname or "", ".", "[^./]"))
    return SourcePattern(scheme, host, port, re.compile(_glob(parts.path or "/", "/", "[^/]")))


def _glob(text: str, separator: str, sign: str) -> str:
    """*text* as a regular expression; a star is any number of *sign*, one that is a whole segment at least one."""
    segments = (
        f"{sign}+" if part == "*" else f"{sign}*".join(map(re.escape, part.split("*")))
        for part in text.split(separator)
    )
    return re.escape(separator).join(segments)


def _climbs(path: str) -> bool:
    """Whether a path has dot segments, encoded or not, once or twice: the prefix would say nothing about them."""
    decoded = unquote(unquote(path)).replace("\\", "/")
    return any(segment in (".", "..") for segment in decoded.split("/"))
