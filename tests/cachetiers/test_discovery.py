import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cachetiers.discovery import BadAnswer, Discovery, ask, is_endpoint, parse_cluster
from cachetiers.lookup import parse_name
from cachetiers.servers import MemcachedServers
from tests.memcached import Memcached, wait_until


def answer(*nodes: str, version: int = 12) -> bytes:
    content = f"{version}\n{' '.join(nodes)}\n".encode()
    return b"CONFIG cluster 0 %d\r\n%s\r\nEND\r\n" % (len(content), content)


class Endpoint:
    """A configuration endpoint that says what it is told to, in pieces of seven bytes."""

    def __init__(self, says: bytes) -> None:
        self.says = says
        self.questions: list[bytes] = []
        endpoint = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                endpoint.questions.append(self.rfile.readline())
                with suppress(OSError):
                    for start in range(0, len(endpoint.says), 7):
                        self.wfile.write(endpoint.says[start : start + 7])

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.name = f"127.0.0.1:{self._server.server_address[1]}"

    @contextmanager
    def running(self) -> Iterator["Endpoint"]:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint(answer("a.cache|10.0.0.1|11211", "b.cache|10.0.0.2|11212")).running() as running:
        yield running


@pytest.mark.parametrize(
    ("nodes", "names"),
    [
        (["a.cache|10.0.0.1|11211"], ("10.0.0.1:11211",)),
        (["a.cache||11211", "b|::1|2"], ("a.cache:11211", "[::1]:2")),
    ],
)
def test_nodes_are_called_by_address_or_else_by_name(nodes: list[str], names: tuple[str, ...]) -> None:
    assert parse_cluster(answer(*nodes)) == names


@pytest.mark.parametrize(
    "says",
    [
        b"",
        b"ERROR\r\n",
        b"END\r\n",
        answer(),
        answer("a"),
        answer("a|b"),
        answer("a|1.2.3.4|x"),
        answer("a|1.2.3.4|1|2"),
        answer("a|1.2.3.4|99999"),
        answer("||1"),
        answer("\xff|\xff|1"),
        answer("a|1.2.3.4|11211")[:-7],
        answer("a|1.2.3.4|11211").replace(b"0 19", b"0 18"),
        b"CONFIG cluster 0 1\r\n1\r\nEND\r\n",
    ],
)
def test_anything_else_is_a_bad_answer(says: bytes) -> None:
    with pytest.raises(BadAnswer):
        parse_cluster(says)


@given(st.binary(max_size=200), st.text(max_size=40))
def test_whatever_is_answered_is_a_list_of_servers_or_a_bad_answer(says: bytes, nodes: str) -> None:
    for blob in (says, answer(nodes), answer(nodes + "|1.2.3.4|1")):
        with suppress(BadAnswer):
            assert all(parse_name(name) for name in parse_cluster(blob))


def test_an_endpoint_is_asked_in_its_own_language(endpoint: Endpoint) -> None:
    assert ask(endpoint.name) == ("10.0.0.1:11211", "10.0.0.2:11212")
    assert endpoint.questions == [b"config get cluster\r\n"]


def test_an_endpoint_that_hangs_up_or_floods_has_given_a_bad_answer(endpoint: Endpoint) -> None:
    for endpoint.says in (answer("a|1.2.3.4|1")[:20], b"x" * 300_000):
        with pytest.raises((BadAnswer, OSError)):
            ask(endpoint.name)


def test_a_memcached_that_is_no_endpoint_gives_a_bad_answer() -> None:
    with Memcached() as memcached, pytest.raises(BadAnswer):
        ask(memcached.name)


class Cluster:
    """What is asked, and what the answers led to."""

    def __init__(self, names: list[str]) -> None:
        self.answers: dict[str, tuple[str, ...] | Exception] = {}
        self.told: list[tuple[str, ...]] = []
        self.discovery = Discovery(names, self.told.append, ask=self._ask)

    def _ask(self, name: str) -> tuple[str, ...]:
        found = self.answers[name]
        if isinstance(found, Exception):
            raise found
        return found


def test_named_servers_and_discovered_ones_are_used_together() -> None:
    cluster = Cluster(["s:1", "discover://e:1", "x.cfg.y.cache.amazonaws.com:1"])
    assert cluster.discovery.servers == ("s:1",)
    cluster.answers = {"e:1": ("b:1", "a:1"), "x.cfg.y.cache.amazonaws.com:1": ("c:1",)}
    assert cluster.discovery.refresh()
    assert cluster.told == [("a:1", "b:1", "c:1", "s:1")]


def test_a_list_that_has_not_changed_is_not_told_again() -> None:
    cluster = Cluster(["discover://e:1"])
    for nodes in (("a:1", "b:1"), ("b:1", "a:1"), ("a:1",)):
        cluster.answers = {"e:1": nodes}
        cluster.discovery.refresh()
    assert cluster.told == [("a:1", "b:1"), ("a:1",)]


@pytest.mark.parametrize("failure", [OSError("no route"), BadAnswer("nonsense"), UnicodeError("label too long")])
def test_an_endpoint_that_fails_keeps_its_last_list(failure: Exception) -> None:
    cluster = Cluster(["discover://e:1", "discover://f:1"])
    cluster.answers = {"e:1": ("a:1",), "f:1": failure}
    assert not cluster.discovery.refresh()
    assert cluster.discovery.problem == f"f:1: {failure}"
    cluster.answers = {"e:1": failure, "f:1": ("b:1",)}
    assert not cluster.discovery.refresh()
    assert cluster.told == [("a:1",), ("a:1", "b:1")]
    cluster.answers = {"e:1": ("a:1",), "f:1": ("b:1",)}
    assert cluster.discovery.refresh()
    assert cluster.discovery.problem is None


def test_starting_does_not_wait_and_stopping_ends_the_thread() -> None:
    asked, may_answer = threading.Event(), threading.Event()
    told: list[tuple[str, ...]] = []

    def slow(name: str) -> tuple[str, ...]:
        asked.set()
        assert may_answer.wait(10)
        return ("a:1",)

    discovery = Discovery(["discover://e:1"], told.append, every_s=0.01, ask=slow)
    discovery.start()
    assert asked.wait(5)
    assert told == []
    may_answer.set()
    wait_until(lambda: told == [("a:1",)])
    discovery.stop()
    wait_until(lambda: not any(thread.name == "memcached-discovery" for thread in threading.enumerate()))


def test_without_an_endpoint_there_is_no_thread() -> None:
    Discovery(["a:1"], lambda names: None).start()
    assert not any(thread.name == "memcached-discovery" for thread in threading.enumerate())


def test_servers_come_and_go_while_they_are_used(endpoint: Endpoint) -> None:
    with Memcached() as one, Memcached() as two:
        lists = [answer(f"h|127.0.0.1|{one.port}"), answer(f"h|127.0.0.1|{one.port}", f"h|127.0.0.1|{two.port}")]
        endpoint.says = b"ERROR\r\n"
        servers = MemcachedServers([], timeout_s=5)
        discovery = Discovery([f"discover://{endpoint.name}"], servers.update, every_s=0.01, retry_s=0.01)
        assert is_endpoint(f"discover://{endpoint.name}")
        discovery.start()
        assert servers.get("key") is None
        stop = threading.Event()
        workers = [threading.Thread(target=_use, args=(servers, number, stop.is_set)) for number in range(8)]
        for worker in workers:
            worker.start()
        for turn in range(30):
            endpoint.says = lists[turn % 2]
            wait_until(lambda turn=turn: len(servers.nodes()) == turn % 2 + 1)  # type: ignore[misc]
        stop.set()
        for worker in workers:
            worker.join(10)
        discovery.stop()
        servers.close()
        assert servers.stats.errors == 0


def _use(servers: MemcachedServers, number: int, stopped: Callable[[], bool]) -> None:
    count = 0
    while not stopped():
        count += 1
        key = f"{number}-{count % 50}"
        servers.set(key, key.encode() * 100, 60)
        assert servers.get(key) in (None, key.encode() * 100)
