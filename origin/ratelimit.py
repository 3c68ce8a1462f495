"""How much one client may ask for: a token bucket, which others may draw from, too. No clock, no network.

A bucket holds units, ten for a request. What is found costs one unit, what has to be
made costs ten. Several processes that serve one client each have a bucket for it. They
tell one another through a counter what they spent, and each takes out of its own what
the others did. That is a little late: for each counter, which lasts as long as a bucket
takes to fill, each process may give away about a request more than there was.
"""

import math
import re
from dataclasses import dataclass, replace
from typing import Final

HIT_UNITS: Final = 1
"""What every request costs."""

MISS_UNITS: Final = 10
"""What a request costs in all if its picture has to be made."""

_SPELLING = re.compile(r"([0-9]{1,7})/([0-9]{1,6})s(?: burst ([0-9]{1,7}))?")

_PER_SECOND = 4 * 10**9
"""A counter begins at the Unix time of its first second times this: more than even a network spends while it lasts, and
little enough that memcached's 64 bits hold the product."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """What a client may ask for.

    Args:
        requests: How many pictures may be made for it in *per_s* seconds, on average.
        per_s: See above.
        burst: How many of them at once, after a rest.
    """

    requests: int
    per_s: int
    burst: int

    @property
    def units_per_s(self) -> float:
        """How quickly a bucket fills."""
        return MISS_UNITS * self.requests / self.per_s

    @property
    def capacity_units(self) -> int:
        """How much it holds."""
        return MISS_UNITS * self.burst

    @property
    def window_s(self) -> int:
        """How long an empty one takes to fill, in whole seconds."""
        return math.ceil(self.capacity_units / self.units_per_s)

    def times(self, factor: int) -> "RateLimit":
        """What *factor* clients may ask for together."""
        return replace(self, requests=factor * self.requests, burst=factor * self.burst)


def parse_limit(text: str) -> RateLimit | None:
    """The limit in *text*; None for none.

    >>> parse_limit("100/10s"), parse_limit("5/1s burst 50")
    (RateLimit(requests=100, per_s=10, burst=100), RateLimit(requests=5, per_s=1, burst=50))
    """
    if not text:
        return None
    found = _SPELLING.fullmatch(text)
    if found is None or 0 in (int(number) for number in found.groups() if number):
        raise ValueError(f"{text!r} is not requests/seconds such as 100/10s, or 100/10s burst 20")
    requests, per_s, burst = found.groups()
    return RateLimit(int(requests), int(per_s), int(burst or requests))


@dataclass(frozen=True, slots=True)
class Bucket:
    """What one process knows of one client.

    Args:
        units: What is left; below zero when others spent more than there was.
        at_s: Unix time for which that holds.
        unsent: Units spent here of which the others do not know yet.
        counter: The counter through which they are told, by its first second; 0 if none is known.
        sent: Units of which they were told through it.
        others: What others told through it, as far as it is taken out already.
    """

    units: float
    at_s: float
    unsent: int = 0
    counter: int = 0
    sent: int = 0
    others: float = 0.0


def full(limit: RateLimit, now_s: float) -> Bucket:
    """The bucket of a client that is new here."""
    return Bucket(limit.capacity_units, now_s)


def filled(bucket: Bucket, limit: RateLimit, now_s: float) -> Bucket:
    """*bucket* as it is now."""
    units = min(limit.capacity_units, bucket.units + limit.units_per_s * max(0.0, now_s - bucket.at_s))
    return replace(bucket, units=units, at_s=now_s)


def spent(bucket: Bucket, units: int) -> Bucket:
    """*bucket* without *units*."""
    return replace(bucket, units=bucket.units - units, unsent=bucket.unsent + units)


def told(bucket: Bucket) -> Bucket:
    """*bucket* once the others are told what was spent here."""
    return replace(bucket, unsent=0, sent=bucket.sent + bucket.unsent)


def new_counter(now_s: float) -> int:
    """Where a counter begins."""
    return int(now_s) * _PER_SECOND


def learned(bucket: Bucket, limit: RateLimit, number: int, told_units: int) -> Bucket:
    """*bucket* without what others spent, now that the counter stands at *number*, *told_units* of them just added."""
    counter, total_units = divmod(number, _PER_SECOND)
    if not bucket.counter:
        # Others may have told of a client that is new here long ago, and that has flown in again since.
        bucket = replace(bucket, counter=counter, others=limit.units_per_s * max(0.0, bucket.at_s - counter))
    elif counter != bucket.counter:
        bucket = replace(bucket, counter=counter, sent=told_units, others=0.0)
    # Answers may overtake one another.
    others = max(bucket.others, total_units - bucket.sent)
    # Not further below than it is deep, or the client would wait for longer than an empty one takes to fill twice.
    return replace(bucket, units=max(-limit.capacity_units, bucket.units - (others - bucket.others)), others=others)


def retry_after_s(bucket: Bucket, limit: RateLimit) -> int:
    """Whole seconds until there is enough for a picture to be made, at least one."""
    return max(1, math.ceil((MISS_UNITS - bucket.units) / limit.units_per_s))


def fields(units: float, wait_s: int, limit: RateLimit) -> tuple[tuple[str, str], ...]:
    """What a client is told (draft-ietf-httpapi-ratelimit-headers-11).

    Of a full bucket it is told that it lasts as long as it takes to fill: to give less
    would invite clients to ask faster than the limit allows.

    Args:
        units: What is left.
        wait_s: If that is too little for a picture, how long it takes to be enough.
        limit: What is allowed.

    >>> fields(495.0, 1, RateLimit(100, 10, 100))
    (('RateLimit-Policy', '"default";q=100;w=10'), ('RateLimit', '"default";r=49;t=10'))
    """
    left = max(0, int(units // MISS_UNITS))
    return (
        ("RateLimit-Policy", f'"default";q={limit.requests};w={limit.per_s}'),
        ("RateLimit", f'"default";r={left};t={limit.window_s if left else wait_s}'),
    )
