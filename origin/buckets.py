"""As many buckets as there is room for, of which only full ones are ever forgotten."""

import time
from collections import OrderedDict
from collections.abc import Callable

from origin import ratelimit
from origin.ratelimit import Bucket, RateLimit

_LOOKED_AT = 2
"""Buckets looked at for each that is new: with one, as many would be kept as were ever there."""


class Buckets:
    """The buckets of clients, or of networks, by name.

    A full bucket says nothing that a new one would not say: to forget it gives nobody
    anything. One that is not full is kept, however many others come.

    Args:
        limit: How they fill.
        most: How many are remembered; a bucket takes some 400 bytes.
        clock: Unix time in seconds.
    """

    def __init__(self, limit: RateLimit, most: int, clock: Callable[[], float] = time.time) -> None:
        self.limit = limit
        self._most = most
        self._clock = clock
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def __getitem__(self, name: str) -> Bucket:
        """The bucket of *name* as it is now; a full one if there is none."""
        now_s = self._clock()
        bucket = self._buckets.get(name)
        return ratelimit.full(self.limit, now_s) if bucket is None else ratelimit.filled(bucket, self.limit, now_s)

    def __setitem__(self, name: str, bucket: Bucket) -> None:
        """Remember *bucket*, also of one that was not admitted: that is one more than there is room for."""
        self._buckets[name] = bucket

    def admits(self, name: str) -> bool:
        """Whether *name* has a bucket, or there is room for one."""
        if name in self._buckets:
            return True
        for _ in range(min(_LOOKED_AT, len(self._buckets))):
            self._forget_first_if_full()
        return len(self._buckets) < self._most

    def _forget_first_if_full(self) -> None:
        first = next(iter(self._buckets))
        if self[first].units >= self.limit.capacity_units:
            del self._buckets[first]
        else:
            # The others have their turn, or one that is empty would hold up all that have filled behind it.
            self._buckets.move_to_end(first)
