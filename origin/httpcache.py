"""What the caches between us and a browser are told, as pure functions (RFC 9110, 9111, 9211, 5861).

Everything here turns plain values into header values. No clock, no request object.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote

_TAG = re.compile(r'[ \t,]*(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?=,|\Z)')
_LONGEST_FIELD = 8190
"""A server joins repeated fields, so one field may be many times longer than a line; no honest list is."""


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long a good answer may be kept, in seconds.

    Args:
        browser_s: ``max-age``.
        edge_s: ``s-maxage``, for shared caches.
        stale_s: ``stale-while-revalidate``: how much longer a cache may answer while it asks again.
        error_s: ``stale-if-error``: how much longer it may answer when asking again fails.
    """

    browser_s: int
    edge_s: int
    stale_s: int
    error_s: int

    def capped(self, left_s: int | None) -> "Lifetimes":
        """These lifetimes for a URL that expires in *left_s* seconds; None for one that never does.

        Nothing, not even a stale answer, may outlive the URL.

        >>> Lifetimes(60, 600, 600, 900).capped(300)
        Lifetimes(browser_s=60, edge_s=300, stale_s=0, error_s=0)
        """
        if left_s is None:
            return self
        left_s = max(left_s, 0)
        browser_s, edge_s = min(self.browser_s, left_s), min(self.edge_s, left_s)
        # The windows open when the later of the two lifetimes ends.
        over_s = left_s - max(browser_s, edge_s)
        return Lifetimes(browser_s, edge_s, min(self.stale_s, over_s), min(self.error_s, over_s))


def cache_control(lifetimes: Lifetimes) -> str:
    """``Cache-Control`` of a good answer.

    >>> cache_control(Lifetimes(60, 3600, 30, 90))
    'public, max-age=60, s-maxage=3600, stale-while-revalidate=30, stale-if-error=90'
    """
    return (
        f"public, max-age={lifetimes.browser_s}, s-maxage={lifetimes.edge_s}, "
        f"stale-while-revalidate={lifetimes.stale_s}, stale-if-error={lifetimes.error_s}"
    )


def age(age_s: int, lifetimes: Lifetimes) -> int | None:
    """``Age`` of an answer (RFC 9111 section 5.1), None when there should be none.

    Caches take it off the lifetime. Where that would leave them less than half, we
    vouch for the picture anew instead: an edge told to keep it for a minute would
    otherwise keep one of two minutes not at all, and ask us every time.

    >>> age(12, Lifetimes(60, 3600, 30, 90)), age(40, Lifetimes(60, 3600, 30, 90))
    (12, None)
    """
    shortest_s = min((life_s for life_s in (lifetimes.browser_s, lifetimes.edge_s) if life_s), default=0)
    return age_s if 2 * age_s <= shortest_s else None


def error_cache_control(cache_s: int) -> str:
    """``Cache-Control`` of a failure, which a cache keeps for seconds or not at all.

    >>> error_cache_control(0), error_cache_control(10)
    ('no-store', 'public, max-age=10')
    """
    return f"public, max-age={cache_s}" if cache_s else "no-store"


def matching_tag(if_none_match: str, tag: str) -> bool:
    """Whether ``If-None-Match`` names *tag*, so that the answer is 304 (RFC 9110 section 13.1.2).

    Weak comparison: a ``W/`` put there by a compressing proxy does not count. A
    field that is not a list of entity tags names nothing.

    Args:
        if_none_match: The field as received, empty when absent.
        tag: A strong entity tag with its quotes.

    >>> matching_tag('"a", W/"b"', '"b"'), matching_tag("*", '"b"'), matching_tag('"bb"', '"b"')
    (True, True, False)
    """
    return if_none_match == tag or if_none_match.strip() == "*" or tag in entity_tags(if_none_match)


def entity_tags(field: str) -> tuple[str, ...]:
    """The opaque parts, with quotes, of a list of entity tags; empty when malformed."""
    text = field.strip(" \t,")
    tags: list[str] = []
    position = 0
    while position < len(text) <= _LONGEST_FIELD:
        match = _TAG.match(text, position)
        if match is None:
            return ()
        tags.append(match[1])
        position = match.end()
    return tuple(tags)


def content_disposition(filename: str, *, attachment: bool) -> str:
    """``Content-Disposition`` with a name any client can read (RFC 6266, RFC 8187).

    >>> content_disposition("café.webp", attachment=False)
    'inline; filename="caf_.webp"; filename*=UTF-8\\'\\'caf%C3%A9.webp'
    """
    kind = "attachment" if attachment else "inline"
    plain = "".join(sign if " " <= sign <= "~" and sign not in '"\\%' else "_" for sign in filename)
    if plain == filename:
        return f'{kind}; filename="{plain}"'
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


def cache_status(outcome: str, *, ttl_s: int | None = None, stored: bool = False, detail: str = "") -> str:
    """``Cache-Status`` of this service (RFC 9211).

    Args:
        outcome: ``hit``, or why it was not one: ``fwd=uri-miss``, ``fwd=stale`` and what became of that.
        ttl_s: Remaining freshness of the entry, negative once it is stale.
        stored: Whether the answer was kept.
        detail: A token for debugging, such as the tier.
    """
    parts = ["blendbeat", outcome]
    if stored:
        parts.append("stored")
    if ttl_s is not None:
        parts.append(f"ttl={ttl_s}")
    if detail:
        parts.append(f"detail={detail}")
    return "; ".join(parts)
