import contextlib
import itertools
import socket
from ipaddress import IPv4Network, ip_network
from pathlib import Path
from urllib.parse import quote

import pytest

from origin.answers import problem
from origin.errors import (
    BadRecipe,
    OriginError,
    SourceFailed,
    SourceForbidden,
    SourceNowhere,
)
from origin.sources.circuit import Told
from origin.sources.gate import told_by
from origin.sources.held import SourceImage
from origin.sources.http import HttpSource
from tests.origin.sources.fetching import (
    answering,
    entry,
    fetch,
    numeric_only,
    recorded_connects,
    redirecting,
    ref,
    refused,
    resolving,
    without_deadline,
)
from tests.webserver import PICTURE, SourceServer, loopback_settings


class TestAddresses:
    @pytest.mark.parametrize(
        "host",
        [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f.1",
            "0x7f000001",
            "0177.0.0.1",
            "017700000001",
            "0",
            "0.0.0.0",
            "localhost",
            "LOCALHOST",
            "localhost.",
            "[::1]",
            "[::]",
            "[0:0:0:0:0:0:0:1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[2002:7f00:1::]",
            "169.254.169.254",
            "[fe80::1%25lo]",
            "[::1%25lo]",
            "[::ffff:127.0.0.1%25lo]",
            "\u2460\u2461\u2466.0.0.1",
            "127\u30020\u30020\u30021",
            "\uff11\uff12\uff17.0.0.1",
            "\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3",  # localhost in circles
            "loc\u00adalhost",  # with a soft hyphen
            "127.0.0.1%00.example.com",
            "127.0.0.1%2eexample.com",
        ],
    )
    def test_loopback_is_not_called_under_any_of_its_names(
        self, server: SourceServer, host: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(socket, "getaddrinfo", numeric_only)
        with refused((SourceForbidden, SourceFailed, BadRecipe)):
            fetch(server.url("/ok", host), networks=())
        assert server.connections == 0

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1"])
    def test_closed_loopback_is_forbidden(self, server: SourceServer, host: str) -> None:
        with refused(SourceForbidden):
            fetch(server.url("/ok", host), networks=())

    def test_redirect_into_a_closed_network_is_refused_uncalled(
        self, server: SourceServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            socket, "getaddrinfo", resolving(server, {"public.example": ["127.0.0.1"], "inside.example": ["127.0.0.2"]})
        )
        networks = (IPv4Network("127.0.0.1/32"),)
        for target in (
            "http://127.0.0.2:1/",
            "http://10.0.0.1/",
            "http://169.254.169.254/latest/",
        ):
            with refused(SourceForbidden):
                fetch(server.url(f"/redirect-to?url={quote(target)}", "public.example"), networks=networks)
        with refused(SourceNowhere):
            fetch(server.url("/redirect-to?url=//inside.example/ok", "public.example"), networks=networks)
        assert server.count("/ok") == 0

    def test_opened_network_is_called_by_name_too(self, server: SourceServer) -> None:
        assert fetch(server.url("/ok", "localhost")) == PICTURE

    def test_only_the_open_ones_of_several_addresses_are_called(
        self, server: SourceServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        addresses = ["10.0.0.1", "169.254.169.254", "127.0.0.1", "127.0.0.2", "::1"]
        monkeypatch.setattr(socket, "getaddrinfo", resolving(server, {"many.example": addresses}))
        called = recorded_connects(monkeypatch)
        assert fetch(server.url("/ok", "many.example"), networks=(ip_network("127.0.0.1/32"),)) == PICTURE
        assert called == ["127.0.0.1"]

    def test_name_with_closed_addresses_only_is_not_called(
        self, server: SourceServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        addresses = ["127.0.0.1", "10.0.0.1", "::1", "fe80::1%lo", "::ffff:127.0.0.1"]
        monkeypatch.setattr(socket, "getaddrinfo", resolving(server, {"closed.example": addresses}))
        called = recorded_connects(monkeypatch)
        with refused(SourceNowhere):
            fetch(server.url("/ok", "closed.example"), networks=())
        assert called == []

    @pytest.mark.parametrize("port", [80, 443, 6379])
    def test_whether_a_name_is_known_inside_is_not_told(self, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
        def resolve(host: str, port: int, **_options: object) -> list[object]:
            if host == "unknown.example":
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            if host == "later.example":
                raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
            return [] if host == "empty.example" else [entry("10.1.2.3", port)]

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        bodies, reasons = set(), []
        for name in ("inside", "unknown", "later", "empty"):
            with refused(SourceNowhere) as caught:
                fetch(f"http://{name}.example:{port}/a.jpg", networks=())
            answer = problem(caught.value, "id")
            bodies.add((answer.status, answer.headers, answer.body.replace(name.encode(), b"NAME")))
            reasons.append(answer.details["problem"])
            assert told_by(caught.value) is Told.FAILED
        assert len(bodies) == 1
        assert "10.1.2.3" in reasons[0]
        assert "does not resolve" in reasons[1]

    def test_next_address_is_tried_when_one_refuses(
        self, server: SourceServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(socket, "getaddrinfo", resolving(server, {"two.example": ["127.0.0.9", "127.0.0.1"]}))
        called = recorded_connects(monkeypatch)
        assert fetch(server.url("/ok", "two.example")) == PICTURE
        assert called == ["127.0.0.9", "127.0.0.1"]

    def test_name_without_addresses_is_not_called(self, server: SourceServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(socket, "getaddrinfo", resolving(server, {"none.example": []}))
        with refused((SourceForbidden, SourceFailed)):
            fetch(server.url("/ok", "none.example"))

    def test_name_is_judged_again_when_it_resolves_differently(
        self, server: SourceServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server.raw["/once"] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
        source = HttpSource(loopback_settings(networks=(ip_network("127.0.0.1/32"),)), without_deadline)
        monkeypatch.setattr(socket, "getaddrinfo", resolving(server, {"rebinding.example": ["127.0.0.1"]}))
        assert source.fetch(ref(server.url("/once", "rebinding.example"))) == SourceImage(b"ok")
        monkeypatch.setattr(socket, "getaddrinfo", resolving(server, {"rebinding.example": ["127.0.0.2"]}))
        with refused(SourceNowhere):
            source.fetch(ref(server.url("/once", "rebinding.example")))

    def test_name_that_alternates_is_never_called_where_it_is_closed(
        self, server: SourceServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answers = itertools.cycle(["127.0.0.1", "127.0.0.2", "169.254.169.254"])

        def resolve(_host: str, *_args: object, **_options: object) -> list[object]:
            return [entry(next(answers), server.port)]

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        called = recorded_connects(monkeypatch)
        outcomes = []
        for _ in range(9):
            with contextlib.suppress(SourceNowhere):
                url = server.url("/ok", "rebinding.example")
                outcomes.append(fetch(url, networks=(ip_network("127.0.0.1/32"),)))
        assert outcomes == [PICTURE] * 3
        assert called == ["127.0.0.1"] * 3

    @pytest.mark.parametrize("port", [22, 6379, 8080])
    def test_public_address_is_not_called_at_a_port_that_is_not_of_the_web(
        self, port: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        called = recorded_connects(monkeypatch)
        with refused(SourceForbidden) as caught:
            fetch(f"http://93.184.215.14:{port}/a.jpg")
        assert str(port) in str(caught.value)
        assert called == []

    def test_redirect_to_another_port_of_a_public_address_is_refused_uncalled(
        self, server: SourceServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        called = recorded_connects(monkeypatch)
        with refused(SourceForbidden):
            fetch(redirecting(server, "http://93.184.215.14:6379/"))
        assert called == ["127.0.0.1"]

    def test_name_is_resolved_once_per_connection(self, server: SourceServer, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[str] = []
        monkeypatch.setattr(socket, "getaddrinfo", resolving(server, {"one.example": ["127.0.0.1"]}, asked))
        assert fetch(server.url("/ok", "one.example")) == PICTURE
        assert asked == ["one.example"]


class TestEnvironment:
    def test_proxies_of_the_environment_are_not_asked(
        self, server: SourceServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with SourceServer() as proxy:
            for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
                monkeypatch.setenv(name, proxy.url(""))
            monkeypatch.delenv("no_proxy", raising=False)
            monkeypatch.delenv("NO_PROXY", raising=False)
            assert fetch(server.url("/redirect/2")) == PICTURE
            with refused(SourceForbidden):
                fetch("http://10.0.0.1/a.jpg")
            assert proxy.connections == 0

    def test_netrc_adds_no_credentials(
        self, server: SourceServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "netrc").write_text("default login user password secret\n")
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        fetch(server.url("/redirect/2"))
        assert not any("authorization" in seen.headers for seen in server.seen)


class TestConnections:
    def test_connection_is_kept_for_the_next_fetch(self, server: SourceServer) -> None:
        source = HttpSource(loopback_settings(), without_deadline)
        for _ in range(5):
            assert source.fetch(ref(server.url("/ok"))) == SourceImage(PICTURE)
        assert server.connections == 1

    def test_chunked_answer_leaves_the_connection_usable(self, server: SourceServer) -> None:
        source = HttpSource(loopback_settings(max_bytes=10**8), without_deadline)
        source.fetch(ref(server.url("/large-chunked")))
        source.fetch(ref(server.url("/ok")))
        assert server.connections == 1

    @pytest.mark.parametrize(
        "path", ["/cut", "/hang", "/large", "/large-chunked", "/gzip", "/status/404", "/redirect-loop"]
    )
    def test_fetch_after_a_bad_one_gets_its_own_answer(self, server: SourceServer, path: str) -> None:
        source = HttpSource(loopback_settings(read_timeout_s=0.5), without_deadline)
        with pytest.raises(OriginError):
            source.fetch(ref(server.url(path)))
        assert source.fetch(ref(server.url("/ok"))) == SourceImage(PICTURE)

    def test_connection_that_was_closed_while_idle_is_replaced(self, server: SourceServer) -> None:
        source = HttpSource(loopback_settings(), without_deadline)
        for _ in range(4):
            assert source.fetch(ref(server.url("/hang-up"))) == SourceImage(PICTURE)

    def test_source_that_always_hangs_up_is_asked_twice_at_the_most(self, server: SourceServer) -> None:
        with refused(SourceFailed):
            fetch(answering(server, b""))
        assert server.count() <= 2
