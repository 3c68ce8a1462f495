"""From what was asked and what the client can read to one concrete format.

Pure, and the only place that looks at ``Accept``: nothing else of a client's
headers may ever enter a cache key.
"""

from dataclasses import dataclass
from typing import Final

from origin.recipe import OutputFormat

NEGOTIABLE: Final = (OutputFormat.AVIF, OutputFormat.WEBP, OutputFormat.JXL)
"""Formats a client may be given without having been asked for, best first."""


@dataclass(frozen=True, slots=True)
class Negotiated:
    """What to encode and whether another client might have got something else.

    Args:
        format: The concrete format, or None for the source's own, or BEST for the smallest of the *candidates*.
        varies: Whether ``Accept`` had a say, so that every answer must carry ``Vary: Accept``.
        candidates: For BEST, what the client reads beyond JPEG, PNG and GIF.
    """

    format: OutputFormat | None
    varies: bool
    candidates: frozenset[OutputFormat] = frozenset()


def negotiate(asked: OutputFormat | None, accept: str, switched_on: frozenset[OutputFormat]) -> Negotiated:
    """The format of the answer.

    A format that was asked for wins; of ``best`` only what the client reads is
    tried. Otherwise the one of `NEGOTIABLE` that is
    *switched_on* and that *accept* names with the highest weight; among equals
    the better one. ``*/*`` and ``image/*`` name none: every client sends them,
    whether or not it reads the newer formats (RFC 9110 section 12.5.1).

    >>> negotiate(None, "image/avif,image/webp;q=0.9,*/*", frozenset({OutputFormat.WEBP}))
    Negotiated(format=<OutputFormat.WEBP: 'webp'>, varies=True, candidates=frozenset())
    """
    if asked is not None and asked is not OutputFormat.BEST:
        return Negotiated(asked, varies=False)
    if not switched_on:
        return Negotiated(asked, varies=False)
    weights = _weights(accept)
    named = [name for name in NEGOTIABLE if name in switched_on and weights.get(name.media_type, 0.0) > 0]
    if asked is OutputFormat.BEST:
        return Negotiated(asked, varies=True, candidates=frozenset(named))
    best = max(named, key=lambda name: weights[name.media_type], default=None)
    return Negotiated(best, varies=True)


_LONGEST_ACCEPT = 2048
"""Browsers send a tenth of it."""


def _weights(accept: str) -> dict[str, float]:
    weights: dict[str, float] = {}
    if len(accept) > _LONGEST_ACCEPT:
        return weights
    for element in accept.lower().split(","):
        media_type, *parameters = (part.strip() for part in element.split(";"))
        weights[media_type] = max(_weight(parameters), weights.get(media_type, 0.0))
    return weights


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                weight = float(value.strip())
            except ValueError:
                return 0.0
            return weight if 0.0 <= weight <= 1.0 else 0.0
    return 1.0
