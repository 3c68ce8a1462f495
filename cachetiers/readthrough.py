"""Look up, or make and keep: the whole of reading through tiers.

Every call of `ReadThrough.lookup` is one get, and ends as one hit or one miss; what
is on standby is a miss. Whoever misses calls `fill`; whoever is given something
stale calls `refresh`.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Final, Protocol, TypeGuard

from cachetiers.coalesce import Flights, FollowerTimeout
from cachetiers.entry import Entry, Freshness
from cachetiers.lease import Claim, Leases
from cachetiers.stats import ReadStats
from cachetiers.tiered import Spawn, Tiered, in_a_thread

RETRY_S: Final = 5.0
"""After making an entry failed, it is not tried again for so long while there is something else to answer."""

MOST_REFRESHES: Final = 64
"""So many run at once. A site whose source hangs may have thousands of stale entries, none of them in a hurry."""

_MOST_FAILURES = 10_000
_SLOW_S, _SLOW_FOR_S = 0.15, 2.0
"""When a look at the far tier has taken so long, nobody asks it for a lease for a while: that costs three round trips
more, and nobody is to wait for more than one time-out."""

_FIRST_LOOK_S, _LONGEST_LOOK_S = 0.02, 0.1

Make = Callable[[Entry | None], Entry]
"""Makes an entry; is given the one it takes the place of, if that is still known."""

_LOGGER = logging.getLogger(__name__)


class FailedElsewhere(Exception):
    """Another process of the fleet has just tried in vain."""


class Release(Protocol):
    """Gives a lease back."""

    def __call__(self, *, failed: bool) -> None:
        """As `Leases.release`."""


class Outcome(StrEnum):
    """How an entry came about."""

    HIT = "hit"
    """It was kept and fresh."""
    NEGATIVE = "negative"
    """It was kept and fresh, and stands for the fact that there is nothing."""
    STALE = "stale"
    """It was kept, and is to be made anew while it is answered."""
    STANDBY = "standby"
    """It was kept, not even stale any more, and is to be answered only if making it anew fails."""
    MISS = "miss"
    """It was made for this very call, from nothing."""
    REPLACED = "replaced"
    """It was made for this very call, in the place of an older one."""
    RENEWED = "renewed"
    """An older one turned out to be unchanged, for this very call."""
    COALESCED = "coalesced"
    """It was made for another call at the same time, in this process or elsewhere in the fleet."""


@dataclass(frozen=True, slots=True)
class Found:
    """An entry, how it came about, where it was, and whether it is kept near.

    Args:
        entry: The entry.
        outcome: How it came about.
        tier: The name of the tier it was kept in, empty when it was made.
        stored: Whether it is kept now.
    """

    entry: Entry
    outcome: Outcome
    tier: str
    stored: bool


class ReadThrough:
    """Reads entries through tiers, making each missing one once.

    Args:
        tiers: Where entries are kept.
        wait_s: How long somebody waits for an entry that another is making.
        leases: How the fleet agrees on who makes an entry; None: this process is the fleet.
        stands_in: Whether an old entry may be answered when making it anew failed like this.
        clock: Unix time in seconds.
        spawn: How a refresh is started.
    """

    def __init__(
        self,
        tiers: Tiered,
        wait_s: float,
        leases: Leases | None = None,
        stands_in: Callable[[Exception], bool] = lambda _: True,
        clock: Callable[[], float] = time.time,
        spawn: Spawn = in_a_thread,
    ) -> None:
        self.tiers = tiers
        self.stats = ReadStats()
        self._wait_s = wait_s
        self._leases = leases
        self._stands_in = stands_in
        self._clock = clock
        self._spawn = spawn
        self._looks: Flights[Entry | None] = Flights(wait_s)
        self._flights: Flights[Found] = Flights(wait_s)
        self._failed_s: dict[str, float] = {}
        self._slow_until_s = 0.0
        self._refreshing = 0

    def lookup(self, key: str) -> Found | None:
        """What is kept under *key*, fresh, stale or on standby; nothing is made.

        Stale, it may be answered, and `refresh` is to be called. On standby it may not:
        `fill` is to be called, which answers it if need be.
        """
        found = self._kept(key)
        answerable = found is not None and found.outcome is not Outcome.STANDBY
        self.stats.looked_up(found.outcome if found and answerable else None, found.tier if found else "")
        return found

    def fresh(self, key: str) -> Found | None:
        """What `lookup` would find near and fresh, but counted as nothing until `count_hit` is called.

        Nothing that stands for the fact that there is nothing.
        """
        near = self.tiers.near
        entry = near.peek(key)
        if entry is None or entry.negative or entry.freshness(self._clock()) is not Freshness.FRESH:
            return None
        return Found(entry, Outcome.HIT, near.name, stored=True)

    def count_hit(self, key: str) -> None:
        """Count what `fresh` found under *key* as answered, as a `lookup` would have."""
        self.tiers.near.get(key)
        self.stats.looked_up(Outcome.HIT, self.tiers.near.name)

    def fill(self, key: str, make: Make, old: Entry | None = None) -> Found:
        """Make and keep the entry for *key*, or wait for whoever is making it already.

        Args:
            key: Under which it will be kept.
            make: Makes it.
            old: What `lookup` found on standby.

        Raises:
            FollowerTimeout: Somebody else was making it for too long.
            Exception: Whatever *make* raised, unless an old entry may stand in.
        """
        try:
            found, followed = self._flights.run(key, lambda: self._made_or_standby(key, make, old))
        except Exception:
            self.stats.count("failed")
            raise
        if followed and found.outcome is not Outcome.STANDBY:
            found = replace(found, outcome=Outcome.COALESCED)
        self.stats.count(found.outcome)
        return found

    def refresh(self, key: str, make: Make, old: Entry | None = None) -> None:
        """As `fill`, beside the caller; not if somebody is at it already, or it failed a moment ago."""
        if self._flights.is_flying(key) or self._failed_lately(key) or self._refreshing >= MOST_REFRESHES:
            return
        self.stats.count("refresh")
        self._refreshing += 1
        try:
            self._spawn(lambda: self._refresh(key, make, old))
        except RuntimeError as error:
            self._refreshing -= 1
            self._remember_failure(key)
            _LOGGER.warning("refreshing %s could not be started: %s", key, error)

    def _refresh(self, key: str, make: Make, old: Entry | None) -> None:
        try:
            self.fill(key, make, old)
        except Exception as error:  # noqa: BLE001  nobody waits for this; whoever asks later is told
            _LOGGER.warning("refreshing %s failed: %s", key, error)
        finally:
            self._refreshing -= 1

    def _kept(self, key: str) -> Found | None:
        near = self._judged(self.tiers.near.get(key), self.tiers.near.name)
        if self.tiers.far is None or (near is not None and near.outcome is not Outcome.STANDBY):
            return near
        # Two hundred who ask for the same thing at once cost one round trip.
        than = None if near is None else near.entry
        far, _ = self._looks.run(key, lambda: self._look_far(key, than))
        return self._judged(far, self.tiers.far.name) or near

    def _look_far(self, key: str, than: Entry | None) -> Entry | None:
        started_s, worked_s = time.monotonic(), time.process_time()
        try:
            return self.tiers.look_far(key, than)
        finally:
            # Not what this process itself was busy with: in a herd that is much, and leases are what a herd needs.
            waited_s = (time.monotonic() - started_s) - (time.process_time() - worked_s)
            if waited_s > _SLOW_S:
                self._slow_until_s = time.monotonic() + _SLOW_FOR_S

    def _is_slow(self) -> bool:
        return time.monotonic() < self._slow_until_s

    def _judged(self, entry: Entry | None, tier: str) -> Found | None:
        if entry is None:
            return None
        match entry.freshness(self._clock()):
            case Freshness.FRESH:
                return Found(entry, Outcome.NEGATIVE if entry.negative else Outcome.HIT, tier, stored=True)
            case Freshness.STALE:
                return Found(entry, Outcome.STALE, tier, stored=True)
            case Freshness.STANDBY:
                return Found(entry, Outcome.STANDBY, tier, stored=True)
            case Freshness.DEAD:
                return None

    def _made_or_standby(self, key: str, make: Make, old: Entry | None) -> Found:
        old = self.tiers.near.peek(key) or old
        if self._is_fresh(old):
            # It landed between the caller's look and our take-off.
            return Found(old, Outcome.COALESCED, "", stored=True)
        standby = None
        if old is not None and not old.negative and old.freshness(self._clock()) is not Freshness.DEAD:
            standby = Found(old, Outcome.STANDBY, self.tiers.near.name, stored=True)
        if standby is not None and self._failed_lately(key):
            return standby
        try:
            found = self._made(key, make, old)
        except Exception as error:
            self._remember_failure(key)
            if standby is None or not self._stands_in(error):
                raise
            _LOGGER.warning("making %s failed, an older one stands in: %s", key, error)
            return standby
        self._failed_s.pop(key, None)
        return found

    def _made(self, key: str, make: Make, old: Entry | None) -> Found:
        leases = None if self._is_slow() else self._leases
        release: Release = _nothing if leases is None else partial(leases.release, key)
        try:
            entry = None if leases is None else self._made_elsewhere(leases, key, old)
            if entry is not None:
                release(failed=False)
                return Found(entry, Outcome.COALESCED, "", stored=True)
            entry = make(old)
            # Released once the fleet has it: until then others would find neither the entry nor anybody making it.
            stored = self.tiers.put(key, entry, lambda shared: release(failed=not shared))
        except BaseException:
            release(failed=True)
            raise
        if old is None:
            return Found(entry, Outcome.MISS, "", stored)
        return Found(entry, Outcome.RENEWED if entry.value is old.value else Outcome.REPLACED, "", stored)

    def _made_elsewhere(self, leases: Leases, key: str, old: Entry | None) -> Entry | None:
        """The entry as another process made it while we waited; None as soon as it is ours to make."""
        until_s, pause_s = time.monotonic() + self._wait_s, _FIRST_LOOK_S
        while True:
            claim = leases.claim(key)
            # After the claim: what its last holder made was kept before it was given back.
            entry = self.tiers.look_far(key, old)
            if self._is_fresh(entry):
                return entry
            if claim is Claim.FAILED and old is not None:
                raise FailedElsewhere("another process has just failed to make it")
            if claim is not Claim.THEIRS:
                return None
            if time.monotonic() > until_s:
                raise FollowerTimeout(f"waited {self._wait_s:g} s for another process")
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.5, _LONGEST_LOOK_S)

    def _is_fresh(self, entry: Entry | None) -> TypeGuard[Entry]:
        return entry is not None and entry.freshness(self._clock()) is Freshness.FRESH

    def _failed_lately(self, key: str) -> bool:
        failed_s = self._failed_s.get(key)
        return failed_s is not None and time.monotonic() - failed_s < RETRY_S

    def _remember_failure(self, key: str) -> None:
        if len(self._failed_s) >= _MOST_FAILURES:
            self._failed_s.clear()
        self._failed_s[key] = time.monotonic()


def _nothing(*, failed: bool) -> None:
    """There is no lease to give back."""
