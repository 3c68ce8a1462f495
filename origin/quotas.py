"""What clients may still ask of this process, and what it tells others about them."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from origin import ratelimit
from origin.buckets import Buckets
from origin.callers import Network, caller, is_wide, network
from origin.errors import TooManyRequests
from origin.ratelimit import Bucket, RateLimit

NETWORK_FACTOR: Final = 16
"""What a network may ask for, in clients. Less would be felt by neighbours who have nothing to do with one another."""

_MOST_BUCKETS = 20_000
"""Of clients, and again of networks: 8 MB each. That many which are not full take more requests than a process answers,
unless the limit lets them fill slowly."""

_EVERYBODY = "everybody-else"


class Counters(Protocol):
    """What a shared tier offers for limits."""

    def count(self, key: str, amount: int, expire_s: float, start: int) -> int | None:
        """Add *amount* to the number under *key*, from *start* on; what it is now, None when nobody could be asked."""
        ...


@dataclass(frozen=True, slots=True)
class _Account:
    """One of the buckets that a request draws from, as it was found."""

    name: str
    buckets: Buckets
    bucket: Bucket

    @property
    def wait_s(self) -> int:
        return ratelimit.retry_after_s(self.bucket, self.buckets.limit)


class Quotas:
    """Holds clients to a limit, if there is one.

    A client of IPv6 draws from the bucket of its network, too, which holds as much as
    those of sixteen clients: a customer may have 65,536. When there are more clients than
    have room, those that come new draw from their network's alone, and when there are
    more networks, from one bucket for all of them. So a flood of addresses costs those
    that come after it, and gives nobody a bucket that is full again.

    While the shared counters cannot be reached, each process counts for itself.

    Args:
        limit: For each client; None limits nobody.
        trusted: Proxies whose ``X-Forwarded-For`` counts.
        counters: Where processes tell one another; None if this one is alone.
        clock: Unix time in seconds.
        most_buckets: How many are remembered of clients, and of networks.
    """

    def __init__(
        self,
        limit: RateLimit | None,
        trusted: Sequence[Network] = (),
        counters: Counters | None = None,
        clock: Callable[[], float] = time.time,
        most_buckets: int = _MOST_BUCKETS,
    ) -> None:
        self._limit = limit
        self._trusted = trusted
        self._counters = counters
        if limit is not None:
            self._clients = Buckets(limit, most_buckets, clock)
            self._networks = Buckets(limit.times(NETWORK_FACTOR), most_buckets, clock)

    def client(self, peer: str, forwarded_for: str) -> str:
        """Whom a request counts for; empty if nobody is limited."""
        return "" if self._limit is None else caller(peer, forwarded_for, self._trusted)

    def spend(self, client: str, units: int) -> None:
        """Take *units* from every bucket that *client* draws from.

        Raises:
            TooManyRequests: There are not enough in one of them; then none are taken, and nothing is remembered.
        """
        if self._limit is None or not client:
            return
        accounts = self._accounts(client)
        short = [account for account in accounts if account.bucket.units < units]
        if short:
            wait_s = max(account.wait_s for account in short)
            raise TooManyRequests(f"{self._limit.requests} in {self._limit.per_s} s are allowed", wait_s)
        # All is taken before anything is waited for: meanwhile this client may ask again.
        for account in accounts:
            account.buckets[account.name] = ratelimit.spent(account.bucket, units)
        if self._counters is not None:
            for account in accounts:
                self._share(account, self._counters)

    def fields(self, client: str) -> tuple[tuple[str, str], ...]:
        """What an answer tells *client* about its quota."""
        if self._limit is None or not client:
            return ()
        accounts = self._accounts(client)
        # A network may have left what none of its clients is promised.
        units = min(self._limit.capacity_units, *(account.bucket.units for account in accounts))
        wait_s = max(account.wait_s for account in accounts)
        return ratelimit.fields(units, wait_s, self._limit)

    def _accounts(self, client: str) -> list[_Account]:
        has_own = self._clients.admits(client)
        accounts = [_Account(client, self._clients, self._clients[client])] if has_own else []
        if not has_own or is_wide(client):
            name = network(client) if self._networks.admits(network(client)) else _EVERYBODY
            accounts.append(_Account(name, self._networks, self._networks[name]))
        return accounts

    def _share(self, account: _Account, counters: Counters) -> None:
        name, buckets = account.name, account.buckets
        # What another greenlet has told since this one had its turn is not told again.
        bucket = buckets[name]
        if bucket.unsent < ratelimit.MISS_UNITS:
            return
        buckets[name] = ratelimit.told(bucket)
        start = ratelimit.new_counter(bucket.at_s)
        number = counters.count(f"rate-{name}", bucket.unsent, buckets.limit.window_s, start)
        if number is not None:
            buckets[name] = ratelimit.learned(buckets[name], buckets.limit, number, bucket.unsent)
