"""What a hit in memcached costs: `python -m tests.bench.memcached [ROUNDS]`.

Gets one value of 20 kB, 100 kB and 400 kB from a memcached on this machine through
the tier and through pymemcache's own clients, in turn, one get each a round, and
prints medians: once in plain threads, once in greenlets.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median

from tests.memcached import Memcached

SIZES_BYTES = (20_000, 100_000, 400_000)


def measure(name: str, rounds: int) -> None:
    """Print one row for each size."""
    # Imported here: in greenlets everything must be patched first.
    from pymemcache.client.base import Client, PooledClient
    from pymemcache.client.hash import HashClient

    from cachetiers.entry import Entry
    from cachetiers.key import digest
    from cachetiers.memcached import MemcachedTier
    from cachetiers.servers import MemcachedServers

    host, _, port = name.partition(":")
    server, options = (host, int(port)), {"timeout": 10, "connect_timeout": 10, "no_delay": True, "key_prefix": b"bb1:"}
    servers = MemcachedServers([name], timeout_s=10)
    tier, key = MemcachedTier(servers), digest("bench")
    clients = {
        "Client": Client(server, **options),
        "PooledClient": PooledClient(server, max_pool_size=16, **options),
        "HashClient": HashClient([server], use_pooling=True, max_pool_size=16, **options),
    }
    for size_bytes in SIZES_BYTES:
        tier.put(
            key, Entry(b"%d" % (size_bytes % 7) * size_bytes, time.time(), 3600, {"format": "webp", "width": "800"})
        )
        ways: dict[str, Callable[[], object]] = {
            **{kind: lambda client=client: client.get(key) for kind, client in clients.items()},  # type: ignore[misc]
            "MemcachedServers": lambda: servers.get(key),
            "MemcachedTier": lambda: tier.get(key),
        }
        taken_us = in_turn(ways, rounds)
        bare_us = taken_us["Client"]
        cells = [f"{way} {us:.0f} us ({us / bare_us:.2f})" for way, us in taken_us.items()]
        print(f"  {size_bytes // 1000:3d} kB: {', '.join(cells)}")
    for client in (*clients.values(), servers):
        client.close()


def in_turn(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median microseconds of each, one call each a round, so that whatever else this machine does hits all alike."""
    taken_s: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(rounds + 50):
        for way, call in ways.items():
            started_s = time.perf_counter()
            assert call() is not None
            if number >= 50:
                taken_s[way].append(time.perf_counter() - started_s)
    return {way: median(times) * 1e6 for way, times in taken_s.items()}


def main(rounds: int = 1000) -> None:
    """Print both tables."""
    with Memcached() as server:
        print("in threads, microseconds and ratio to the bare client:", flush=True)
        measure(server.name, rounds)
        print("in greenlets:", flush=True)
        program = (
            "from gevent import monkey; monkey.patch_all(); "
            f"from tests.bench.memcached import measure; measure({server.name!r}, {rounds})"
        )
        subprocess.run([sys.executable, "-c", program], check=True)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
