"""What a request must say about whom it is for (RFC 9112 section 3.2), and may say about what comes after it.

We serve every host alike; an edge may not.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

# uri-host [":" port], RFC 3986 section 3.2.2; empty where the target has no authority.
_HOST = re.compile(r"(?:\[[0-9A-Za-z:.~_-]+\]|(?:[0-9A-Za-z._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::[0-9]*)?")


def names_its_host(version: tuple[int, int], fields: Sequence[tuple[str, str]]) -> bool:
    """Whether a request has a ``Host`` field as it must: one that can be read, and in HTTP/1.1 at least one.

    Args:
        version: Of HTTP.
        fields: Names in capitals, and values. More than one ``Host`` was refused already.

    >>> names_its_host((1, 1), [("HOST", "img.example:80")]), names_its_host((1, 0), []), names_its_host((1, 1), [])
    (True, True, False)
    """
    for name, value in fields:
        if name == "HOST":
            return is_host(value)
    return version < (1, 1)


def says_close(fields: Sequence[tuple[str, str]]) -> bool:
    """Whether a request is to be the last one of its connection (RFC 9112 section 9.6); the field is a list.

    >>> says_close([("CONNECTION", "keep-alive, Close")]), says_close([("CONNECTION", "x-close")])
    (True, False)
    """
    named = (value for name, value in fields if name == "CONNECTION")
    return any(option.strip(" \t").lower() == "close" for value in named for option in value.split(","))


@lru_cache(maxsize=256)  # nearly all requests name the same few
def is_host(text: str) -> bool:
    """Whether *text* names a host, and perhaps a port.

    >>> [is_host(text) for text in ("", "a.example", "[::1]:8080", "a b", "user@a.example", "a.example/x")]
    [True, True, True, False, False, False]
    """
    return _HOST.fullmatch(text) is not None
