from collections.abc import Iterator

import pytest

from cachetiers.servers import MemcachedServers
from tests.memcached import Memcached


@pytest.fixture(scope="package")
def _running() -> Iterator[Memcached]:
    with Memcached() as server:
        yield server


@pytest.fixture
def memcached(_running: Memcached) -> Memcached:
    """An empty one. A test that kills it starts one of its own."""
    _running.command("flush_all")
    return _running


@pytest.fixture
def servers(memcached: Memcached) -> Iterator[MemcachedServers]:
    """That one alone, with a time-out that only a broken test reaches."""
    made = MemcachedServers([memcached.name], timeout_s=10)
    yield made
    made.close()
