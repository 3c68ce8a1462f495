"""What this process shares with others, if anything: a tier, leases, and what was purged."""

from collections.abc import Mapping
from dataclasses import asdict

from cachetiers.bulletin import Bulletin, Reach
from cachetiers.discovery import Discovery
from cachetiers.generations import Generations
from cachetiers.lease import Leases
from cachetiers.memcached import MemcachedTier
from cachetiers.servers import MemcachedServers
from origin.settings import MemcachedSettings


class Fleet:
    """All processes that use the same memcached servers; without any, this process alone.

    Args:
        settings: Where the servers are.
        generations: Those of this process, kept the same as everybody's.
    """

    def __init__(self, settings: MemcachedSettings, generations: Generations) -> None:
        self.tier: MemcachedTier | None = None
        self.leases: Leases | None = None
        self._generations = generations
        self._bulletin: Bulletin | None = None
        if settings.servers:
            self._join(settings)

    @property
    def stats(self) -> Mapping[str, int]:
        """What went wrong with leases and purges; the tier counts for itself."""
        return {} if self.tier is None else asdict(self._servers.stats)

    def purge(self, name: str) -> Reach:
        """Purge *name* here and, if there are others, there."""
        if self._bulletin is not None:
            return self._bulletin.purge(name)
        self._generations.purge(name)
        return Reach(nodes=0, reached=0)

    def _join(self, settings: MemcachedSettings) -> None:
        discovery = Discovery(settings.servers, self._use)
        self._servers = MemcachedServers(discovery.servers, settings.timeout_s)
        self.tier = MemcachedTier(self._servers)
        self.leases = Leases(self._servers)
        self._bulletin = Bulletin(self._generations, self._servers)
        # Before the first request: what was purged must not be found again by a process that has just started.
        self._bulletin.exchange()
        self._bulletin.start()
        discovery.start()

    def _use(self, names: tuple[str, ...]) -> None:
        self._servers.update(names)
        if self._bulletin is not None:
            self._bulletin.exchange()
