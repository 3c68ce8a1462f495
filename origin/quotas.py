"""The buckets of all clients of this process, and what it tells others about them."""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Protocol

from origin import ratelimit
from origin.callers import Network, caller
from origin.errors import TooManyRequests
from origin.ratelimit import Bucket, RateLimit

_MOST_CLIENTS = 20_000
"""A bucket takes some 400 bytes. Who asked longest ago is forgotten, and starts with a full one."""


class Counters(Protocol):
    """What a shared tier offers for limits."""

    def count(self, key: str, amount: int, expire_s: float, start: int) -> int | None:
        """Add *amount* to the number under *key*, from *start* on; what it is now, None when nobody could be asked."""
        ...


class Quotas:
    """Holds clients to a limit, if there is one.

    While the shared counters cannot be reached, each process counts for itself.

    Args:
        limit: For each client; None limits nobody.
        trusted: Proxies whose ``X-Forwarded-For`` counts.
        counters: Where processes tell one another; None if this one is alone.
        clock: Unix time in seconds.
        most_clients: How many are remembered.
    """

    def __init__(
        self,
        limit: RateLimit | None,
        trusted: Sequence[Network] = (),
        counters: Counters | None = None,
        clock: Callable[[], float] = time.time,
        most_clients: int = _MOST_CLIENTS,
    ) -> None:
        self._limit = limit
        self._trusted = trusted
        self._counters = counters
        self._clock = clock
        self._most_clients = most_clients
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def client(self, peer: str, forwarded_for: str) -> str:
        """Whom a request counts for; empty if nobody is limited."""
        return "" if self._limit is None else caller(peer, forwarded_for, self._trusted)

    def spend(self, client: str, units: int) -> None:
        """Take *units* from the bucket of *client*.

        Raises:
            TooManyRequests: There are not enough in it; then none are taken.
        """
        if self._limit is None or not client:
            return
        bucket = self._bucket(client, self._limit)
        if bucket.units < units:
            self._keep(client, bucket)
            wait_s = ratelimit.retry_after_s(bucket, self._limit)
            raise TooManyRequests(f"{self._limit.requests} in {self._limit.per_s} s are allowed", wait_s)
        bucket = ratelimit.spent(bucket, units)
        self._keep(client, bucket)
        if self._counters is not None and bucket.unsent >= ratelimit.MISS_UNITS:
            self._share(client, bucket, self._limit, self._counters)

    def fields(self, client: str) -> tuple[tuple[str, str], ...]:
        """What an answer tells *client* about its quota."""
        if self._limit is None or not client:
            return ()
        return ratelimit.fields(self._bucket(client, self._limit), self._limit)

    def _share(self, client: str, bucket: Bucket, limit: RateLimit, counters: Counters) -> None:
        # Before anything is waited for: meanwhile this client may ask again.
        self._keep(client, ratelimit.told(bucket))
        start = ratelimit.new_counter(bucket.at_s)
        number = counters.count(f"rate-{client}", bucket.unsent, limit.window_s, start)
        if number is not None:
            self._keep(client, ratelimit.learned(self._bucket(client, limit), limit, number, bucket.unsent))

    def _bucket(self, client: str, limit: RateLimit) -> Bucket:
        now_s = self._clock()
        bucket = self._buckets.get(client)
        return ratelimit.full(limit, now_s) if bucket is None else ratelimit.filled(bucket, limit, now_s)

    def _keep(self, client: str, bucket: Bucket) -> None:
        self._buckets[client] = bucket
        self._buckets.move_to_end(client)
        if len(self._buckets) > self._most_clients:
            self._buckets.popitem(last=False)
