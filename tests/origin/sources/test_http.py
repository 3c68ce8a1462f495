import gc
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from ipaddress import IPv4Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
import responses

from origin.errors import (
    BadRecipe,
    OriginError,
    SourceFailed,
    SourceForbidden,
    SourceMissing,
    SourceTimeout,
    TooCostly,
)
from origin.recipe import Scheme, SourceRef
from origin.sources.allowlist import parse_pattern
from origin.sources.http import HttpSource, _next_hop
from tests.webserver import BOMB, PICTURE, SourceServer, loopback_settings

PROMPT_S = 5.0
"""What any single fetch here may take at the most, on a busy machine too; half of the read timeout."""


def without_deadline(_seconds: float, _error: Exception) -> AbstractContextManager[object]:
    """A deadline that never bites: gevent's does not in a process that it has not patched."""
    return nullcontext()


def ref(url: str) -> SourceRef:
    """As the grammar makes them."""
    return SourceRef(Scheme(url.split(":", 1)[0].lower()), url)


def fetch(url: str, **changes: Any) -> bytes:
    """Fetch *url* with a source of its own, loopback opened unless *changes* says otherwise."""
    return HttpSource(loopback_settings(**changes), without_deadline).fetch(ref(url))


@contextmanager
def refused(error: type[OriginError] | tuple[type[OriginError], ...]) -> Iterator[pytest.ExceptionInfo[OriginError]]:
    """The block raises *error*, and does so promptly."""
    started_s = time.monotonic()
    with pytest.raises(error) as caught:
        yield caught
    assert time.monotonic() - started_s < PROMPT_S


def redirecting(server: SourceServer, location: str) -> str:
    """A URL of *server* that redirects to *location*, verbatim."""
    return server.url(f"/redirect-to?url={quote(location, safe='')}")


def answering(server: SourceServer, raw: bytes) -> str:
    """A URL of *server* that is answered with exactly these bytes, then closed."""
    server.raw["/raw"] = raw
    return server.url("/raw")


class TestAnswers:
    def test_bytes_come_as_they_are(self, server: SourceServer) -> None:
        assert fetch(server.url("/ok")) == PICTURE

    def test_empty_body_is_a_body(self, server: SourceServer) -> None:
        server.bodies["/empty"] = b""
        assert fetch(server.url("/empty")) == b""

    def test_body_without_a_declared_length_ends_with_the_connection(self, server: SourceServer) -> None:
        assert fetch(answering(server, b"HTTP/1.1 200 OK\r\n\r\nabc")) == b"abc"

    def test_chunks_are_joined(self, server: SourceServer) -> None:
        raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX: y\r\n\r\n"
        assert fetch(answering(server, raw)) == b"abcde"

    def test_interim_answers_are_skipped(self, server: SourceServer) -> None:
        raw = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        assert fetch(answering(server, raw)) == b"ok"

    @pytest.mark.parametrize("status", [404, 410])
    def test_what_the_source_says_is_gone_is_missing(self, server: SourceServer, status: int) -> None:
        with refused(SourceMissing):
            fetch(server.url(f"/status/{status}"))

    @pytest.mark.parametrize("status", [201, 204, 206, 300, 304, 400, 401, 403, 407, 418, 429, 500, 502, 503, 504, 999])
    def test_any_other_status_is_a_failure(self, server: SourceServer, status: int) -> None:
        with refused(SourceFailed) as caught:
            fetch(server.url(f"/status/{status}"))
        assert str(status) in caught.value.detail

    def test_switching_protocols_is_a_failure(self, server: SourceServer) -> None:
        with refused(SourceFailed):
            fetch(answering(server, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nabc"))

    def test_nobody_listening_is_a_failure(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        with refused(SourceFailed):
            fetch(f"http://127.0.0.1:{port}/a.jpg")

    def test_unknown_host_is_a_failure(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(socket, "getaddrinfo", _resolver_that_raises(socket.gaierror(-2, "Name not known")))
        with refused(SourceFailed):
            fetch("http://img.example.com/a.jpg")

    def test_resolver_that_breaks_is_a_failure(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(socket, "getaddrinfo", _resolver_that_raises(OSError(24, "Too many open files")))
        with refused(SourceFailed):
            fetch("http://img.example.com/a.jpg")


class TestTime:
    def test_silent_source_is_a_timeout(self, server: SourceServer) -> None:
        with refused(SourceTimeout):
            fetch(server.url("/hang"), read_timeout_s=0.3)

    def test_source_that_falls_silent_in_the_body_is_a_timeout(self, server: SourceServer) -> None:
        with refused(SourceTimeout):
            fetch(server.url("/large"), max_bytes=10**13, read_timeout_s=0.3)

    def test_connection_that_is_never_accepted_is_a_timeout(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def connect(_self: socket.socket, _address: object) -> None:
            raise TimeoutError

        monkeypatch.setattr(socket.socket, "connect", connect)
        with refused(SourceTimeout):
            fetch("http://127.0.0.1:9/a.jpg")

    @responses.activate
    def test_timeouts_of_both_kinds_are_timeouts(self) -> None:
        responses.get("http://img.example.com/connect", body=requests.ConnectTimeout())
        responses.get("http://img.example.com/read", body=requests.ReadTimeout())
        for path in ("connect", "read"):
            with refused(SourceTimeout):
                fetch(f"http://img.example.com/{path}")

    def test_deadline_is_asked_for_the_whole_fetch_once(self, server: SourceServer) -> None:
        asked: list[float] = []

        def deadline(seconds: float, error: Exception) -> AbstractContextManager[object]:
            asked.append(seconds)
            assert isinstance(error, SourceTimeout)
            return nullcontext()

        HttpSource(loopback_settings(timeout_s=7), deadline).fetch(ref(server.url("/redirect/2")))
        assert asked == [7]

    def test_deadline_bites_whatever_the_source_does(self, server: SourceServer) -> None:
        paths = ["/slow-headers", "/drip", "/hang", "/large"]
        outcomes = _fetched_by_a_patched_process([server.url(path) for path in paths])
        for path, (error, took_s) in zip(paths, outcomes, strict=True):
            assert error == "SourceTimeout", path
            assert 0.3 < took_s < PROMPT_S, path

    def test_deadline_of_one_greenlet_leaves_the_next_fetch_alone(self, server: SourceServer) -> None:
        urls = [server.url("/drip"), server.url("/ok"), server.url("/drip"), server.url("/redirect/2")]
        outcomes = _fetched_by_a_patched_process(urls)
        assert [error for error, _ in outcomes] == ["SourceTimeout", "none", "SourceTimeout", "none"]


class TestSize:
    def test_body_of_exactly_the_limit_is_fetched(self, server: SourceServer) -> None:
        assert fetch(server.url("/ok"), max_bytes=len(PICTURE)) == PICTURE

    def test_body_one_byte_above_the_limit_is_refused(self, server: SourceServer) -> None:
        with refused(TooCostly):
            fetch(server.url("/ok"), max_bytes=len(PICTURE) - 1)

    def test_declared_length_is_refused_before_the_body_comes(self, server: SourceServer) -> None:
        with refused(TooCostly) as caught:
            fetch(server.url("/large"))
        assert "1000000000000" in caught.value.detail

    @pytest.mark.parametrize("path", ["/large-chunked", "/gzip", "/gzip-chunked"])
    def test_undeclared_length_is_refused_when_it_passes_the_limit(self, server: SourceServer, path: str) -> None:
        with _memory_below(4_000_000), refused(TooCostly):
            fetch(server.url(path))

    def test_endless_body_is_not_taken_to_its_end(self, server: SourceServer) -> None:
        with refused(TooCostly):
            fetch(server.url("/large-chunked"), max_bytes=1000)
        assert server.flooded_bytes < 16 * 1024 * 1024

    def test_body_of_a_redirect_counts_too(self, server: SourceServer) -> None:
        with _memory_below(4_000_000):
            _outcome(server.url("/redirect-large"))
        assert server.flooded_bytes < 16 * 1024 * 1024

    def test_compressed_body_of_a_redirect_counts_too(self, server: SourceServer) -> None:
        head = b"HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(
            BOMB
        )
        with _memory_below(4_000_000):
            _outcome(answering(server, head + BOMB))

    def test_body_that_ends_early_is_a_failure(self, server: SourceServer) -> None:
        with refused(SourceFailed):
            fetch(server.url("/cut"))

    def test_body_longer_than_declared_is_cut_there(self, server: SourceServer) -> None:
        assert fetch(answering(server, b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef")) == b"abc"


class TestBrokenAnswers:
    @pytest.mark.parametrize(
        "raw",
        [
            b"",
            b"\r\n",
            b"garbage",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            b"SSH-2.0-OpenSSH_9.6\r\n",
            b"HTTP/1.1\r\n\r\n",
            b"HTTP/1.1 abc OK\r\n\r\n",
            b"HTTP/1.1 1 OK\r\n\r\n",
            b"HTTP/1.1 99999 OK\r\n\r\n",
            b"HTTP/2 200 OK\r\nContent-Length: 2\r\n\r\nok",
            b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\nabc",
            b"HTTP/1.1 200 " + b"O" * 70_000 + b"\r\n\r\nabc",
            b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\nabc",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;" + b"a" * 1_000_000 + b"\r\nabcde\r\n0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffffffff\r\nabc",
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
            b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nContent-Length: 3\r\n\r\n\xff\xff\xff",
            b"HTTP/1.1 200 OK\r\nContent-Encoding: " + b"gzip, " * 50 + b"gzip\r\nContent-Length: 3\r\n\r\nabc",
        ],
    )
    def test_broken_answer_is_a_failure_of_the_source(self, server: SourceServer, raw: bytes) -> None:
        with refused(SourceFailed):
            fetch(answering(server, raw))

    @pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
    @pytest.mark.parametrize("lengths", [b"3, 4", b"3\r\nContent-Length: 4"])
    def test_lengths_that_contradict_each_other_are_a_failure(self, server: SourceServer, lengths: bytes) -> None:
        assert (
            _outcome(answering(server, b"HTTP/1.1 200 OK\r\nContent-Length: " + lengths + b"\r\n\r\nabcd"))
            == "SourceFailed"
        )
        gc.collect()  # urllib3 leaves this socket to the collector, whose warning would hit another test

    def test_headers_without_an_end_are_a_failure_of_the_source(self, server: SourceServer) -> None:
        with refused(SourceFailed):
            fetch(server.url("/endless-headers"))
        assert server.flooded_bytes < 16 * 1024 * 1024

    @pytest.mark.parametrize("length", ["abc", "-5", "3.0", "0x3", "", "+3", " ", "\xb2"])
    def test_length_that_is_no_number_is_not_an_error_of_ours(self, server: SourceServer, length: str) -> None:
        raw = b"HTTP/1.1 200 OK\r\nContent-Length: " + length.encode("latin-1") + b"\r\n\r\nabc"
        assert _outcome(answering(server, raw)) in ("none", "SourceFailed")

    def test_length_of_very_many_digits_is_too_much(self, server: SourceServer) -> None:
        with pytest.raises((TooCostly, SourceFailed)):
            fetch(answering(server, b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\nabc"))

    def test_negative_chunk_is_a_failure_of_the_source(self, server: SourceServer) -> None:
        with pytest.raises(SourceFailed):
            fetch(answering(server, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nabc\r\n0\r\n\r\n"))

    def test_plain_answer_to_a_secure_request_is_a_failure(self, server: SourceServer) -> None:
        with refused(SourceFailed):
            fetch(server.url("/ok").replace("http://", "https://"))

    @pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
    def test_certificate_nobody_vouches_for_is_a_failure(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        context, certificate = _self_signed(tmp_path)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))  # the environment vouches for nobody either
        with SourceServer(tls=context) as secure:
            with refused(SourceFailed):
                fetch(secure.url("/ok"))
            assert secure.count() == 0


class TestRedirects:
    def test_redirects_are_followed_up_to_the_limit(self, server: SourceServer) -> None:
        assert fetch(server.url("/redirect/3"), max_redirects=3) == PICTURE

    @pytest.mark.parametrize(("hops", "most"), [(4, 3), (1, 0)])
    def test_one_redirect_more_than_the_limit_is_a_failure(self, server: SourceServer, hops: int, most: int) -> None:
        with refused(SourceFailed):
            fetch(server.url(f"/redirect/{hops}"), max_redirects=most)
        assert server.count() == most + 1

    def test_redirect_to_itself_ends_at_the_limit(self, server: SourceServer) -> None:
        with refused(SourceFailed):
            fetch(server.url("/redirect-loop"))
        assert server.count() == 4

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_every_kind_of_redirect_is_followed(self, server: SourceServer, status: int) -> None:
        raw = b"HTTP/1.1 %d Moved\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n" % status
        assert fetch(answering(server, raw)) == PICTURE
        assert {seen.method for seen in server.seen} == {"GET"}

    @pytest.mark.parametrize("location", ["/ok", "ok", "./ok", "../ok", "?/../ok", "/ok#fragment", "/ok?a=b"])
    def test_relative_redirect_is_resolved(self, server: SourceServer, location: str) -> None:
        server.bodies["/redirect-to"] = PICTURE
        server.raw["/start"] = b"HTTP/1.1 302 x\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % location.encode()
        server.bodies["/start"] = PICTURE
        if location.startswith("?"):
            with refused(SourceFailed):  # the same path again, and again
                fetch(server.url("/start"))
        else:
            assert fetch(server.url("/start")) == PICTURE

    def test_target_may_be_spelled_oddly(self, server: SourceServer) -> None:
        for target in (server.url("/ok").upper().replace("/OK", "/ok"), f"//127.0.0.1:{server.port}/ok"):
            assert fetch(redirecting(server, target)) == PICTURE

    @pytest.mark.parametrize(
        "location",
        [
            "",
            "file:///etc/passwd",
            "FILE:///etc/passwd",
            "ftp://127.0.0.1/a.jpg",
            "gopher://127.0.0.1:6379/_FLUSHALL",
            "data:image/png;base64,AAAA",
            "javascript:alert(1)",
            "local:///a.jpg",
            "s3://bucket/key",
            "unix:/var/run/docker.sock",
            "http+unix://%2Fvar%2Frun%2Fdocker.sock/",
            "jar:http://127.0.0.1!/",
        ],
    )
    def test_redirect_to_no_web_address_is_a_failure(self, server: SourceServer, location: str) -> None:
        with refused(SourceFailed):
            fetch(redirecting(server, location))
        assert server.count() == 1

    def test_redirect_without_a_location_is_a_failure(self, server: SourceServer) -> None:
        with refused(SourceFailed):
            fetch(server.url("/status/302"))

    @pytest.mark.parametrize(
        "location",
        [
            "http:127.0.0.1",
            "http:/nowhere",
            "http:///nowhere",
            "///nowhere",
            "\\\\127.0.0.1\\nowhere",
            "/" + "a" * 60_000,
            "/nowhere\tX: y",
            "//a..b/",
            "//" + "a" * 300 + "/",
            "//xn--a/",
            "//-/",
            "//127.0.0.1:1/",
            "https://127.0.0.1:1/",
            "//[fe80::1%25lo]/",
            "//exa\u2100mple.com/",
        ],
    )
    def test_odd_redirect_is_an_error_of_the_source(
        self, server: SourceServer, location: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(socket, "getaddrinfo", _numeric_only)
        with refused((SourceFailed, SourceMissing, SourceForbidden)):
            fetch(redirecting(server, location))

    @pytest.mark.parametrize(
        "location",
        ["https:foo", "//.a/", "//*/", "//127.0.0.1:99999/", "//127.0.0.1:-1/", "//[v1.a]/", "//a b/", "//%zz/"],
    )
    def test_redirect_to_what_cannot_be_called_is_an_error_of_the_source(
        self, server: SourceServer, location: str
    ) -> None:
        with refused(SourceFailed):
            fetch(redirecting(server, location))

    @pytest.mark.parametrize("location", [b"http://\xff\xfe/", b"\xff", b"/\xe9t\xe9.jpg"])
    def test_redirect_in_another_encoding_is_no_error_of_the_caller(
        self, server: SourceServer, location: bytes
    ) -> None:
        raw = b"HTTP/1.1 302 x\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"
        assert _outcome(answering(server, raw)) in ("SourceFailed", "SourceMissing")

    @pytest.mark.parametrize("location", ["http://[", "//[::1", "//[1.2.3.4]/"])
    def test_redirect_to_a_broken_host_is_an_error_of_the_source(self, server: SourceServer, location: str) -> None:
        with refused((SourceFailed, SourceForbidden)):
            fetch(redirecting(server, location))

    def test_redirect_outside_the_allowed_prefixes_is_refused_uncalled(self, server: SourceServer) -> None:
        allowed = (parse_pattern(server.url("/redirect-to")),)
        with refused(SourceForbidden):
            fetch(redirecting(server, "/ok"), allowed=allowed)
        assert server.count("/ok") == 0

    def test_redirect_inside_the_allowed_prefixes_is_followed(self, server: SourceServer) -> None:
        allowed = (parse_pattern("https://img.example.com/"), parse_pattern(server.url("/ok")))
        assert fetch(redirecting(server, "/ok"), allowed=allowed) == PICTURE

    @pytest.mark.parametrize("location", ["https:foo", "https:", "https:/foo"])
    def test_redirect_without_an_authority_is_an_error_of_the_source(self, server: SourceServer, location: str) -> None:
        with refused((SourceFailed, SourceForbidden)):
            fetch(redirecting(server, location), allowed=(parse_pattern(server.url("/")),))

    @pytest.mark.parametrize(
        "location", ["http://u:p@127.0.0.1/", "//u@127.0.0.1/", "//@127.0.0.1/", "//x\\@127.0.0.1/"]
    )
    def test_redirect_with_credentials_is_refused(self, server: SourceServer, location: str) -> None:
        with refused(SourceForbidden):
            fetch(redirecting(server, location))
        assert server.count() == 1

    def test_message_about_a_redirect_tells_no_credentials(self, server: SourceServer) -> None:
        with pytest.raises(SourceForbidden) as caught:
            fetch(redirecting(server, "//user:secret@a/"), allowed=(parse_pattern(server.url("/")),))
        assert "secret" not in caught.value.detail

    def test_secure_source_may_not_redirect_to_an_insecure_one(self) -> None:
        hop = ref("https://img.example.com/a.jpg")
        for location in ("http://img.example.com/a.jpg", "HTTP://other.example.com/", "http:a.jpg", "http:"):
            with pytest.raises(SourceFailed):
                _next_hop(hop, location, ())

    def test_secure_source_may_redirect_to_another_secure_one(self) -> None:
        hop = ref("https://img.example.com/a/b.jpg")
        for location in ("https://other.example.com/c.jpg", "//other.example.com/c.jpg"):
            assert _next_hop(hop, location, ()) == ref("https://other.example.com/c.jpg")
        assert _next_hop(hop, "c.jpg", ()) == ref("https://img.example.com/a/c.jpg")

    def test_insecure_source_may_redirect_to_a_secure_one(self) -> None:
        assert _next_hop(ref("http://a.example/x"), "https://a.example/x", ()).scheme is Scheme.HTTPS

    @responses.activate
    def test_downgrade_anywhere_in_a_chain_is_refused_uncalled(self) -> None:
        responses.get("http://a.example/1", status=301, headers={"Location": "https://a.example/2"})
        responses.get("https://a.example/2", status=301, headers={"Location": "http://a.example/3"})
        last = responses.get("http://a.example/3", body=b"plain")
        with refused(SourceFailed):
            fetch("http://a.example/1")
        assert last.call_count == 0


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
        monkeypatch.setattr(socket, "getaddrinfo", _numeric_only)
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
            socket, "getaddrinfo", _hosts(server, {"public.example": ["127.0.0.1"], "inside.example": ["127.0.0.2"]})
        )
        networks = (IPv4Network("127.0.0.1/32"),)
        for target in (
            "//inside.example/ok",
            "http://127.0.0.2:1/",
            "http://10.0.0.1/",
            "http://169.254.169.254/latest/",
        ):
            with refused(SourceForbidden):
                fetch(server.url(f"/redirect-to?url={quote(target)}", "public.example"), networks=networks)
        assert server.count("/ok") == 0

    def test_opened_network_is_called_by_name_too(self, server: SourceServer) -> None:
        assert fetch(server.url("/ok", "localhost")) == PICTURE

    def test_only_the_open_ones_of_several_addresses_are_called(
        self, server: SourceServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        addresses = ["10.0.0.1", "169.254.169.254", "127.0.0.1", "127.0.0.2", "::1"]
        monkeypatch.setattr(socket, "getaddrinfo", _hosts(server, {"many.example": addresses}))
        called = _recorded_connects(monkeypatch)
        assert fetch(server.url("/ok", "many.example"), networks=(ip_network("127.0.0.1/32"),)) == PICTURE
        assert called == ["127.0.0.1"]

    def test_name_with_closed_addresses_only_is_forbidden(
        self, server: SourceServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        addresses = ["127.0.0.1", "10.0.0.1", "::1", "fe80::1%lo", "::ffff:127.0.0.1"]
        monkeypatch.setattr(socket, "getaddrinfo", _hosts(server, {"closed.example": addresses}))
        called = _recorded_connects(monkeypatch)
        with refused(SourceForbidden):
            fetch(server.url("/ok", "closed.example"), networks=())
        assert called == []

    def test_next_address_is_tried_when_one_refuses(
        self, server: SourceServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(socket, "getaddrinfo", _hosts(server, {"two.example": ["127.0.0.9", "127.0.0.1"]}))
        called = _recorded_connects(monkeypatch)
        assert fetch(server.url("/ok", "two.example")) == PICTURE
        assert called == ["127.0.0.9", "127.0.0.1"]

    def test_name_without_addresses_is_not_called(self, server: SourceServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(socket, "getaddrinfo", _hosts(server, {"none.example": []}))
        with refused((SourceForbidden, SourceFailed)):
            fetch(server.url("/ok", "none.example"))

    def test_name_is_judged_again_when_it_resolves_differently(
        self, server: SourceServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server.raw["/once"] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
        source = HttpSource(loopback_settings(networks=(ip_network("127.0.0.1/32"),)), without_deadline)
        monkeypatch.setattr(socket, "getaddrinfo", _hosts(server, {"rebinding.example": ["127.0.0.1"]}))
        assert source.fetch(ref(server.url("/once", "rebinding.example"))) == b"ok"
        monkeypatch.setattr(socket, "getaddrinfo", _hosts(server, {"rebinding.example": ["127.0.0.2"]}))
        with refused(SourceForbidden):
            source.fetch(ref(server.url("/once", "rebinding.example")))

    def test_name_is_resolved_once_per_connection(self, server: SourceServer, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[str] = []
        monkeypatch.setattr(socket, "getaddrinfo", _hosts(server, {"one.example": ["127.0.0.1"]}, asked))
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
            assert source.fetch(ref(server.url("/ok"))) == PICTURE
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
        assert source.fetch(ref(server.url("/ok"))) == PICTURE

    def test_connection_that_was_closed_while_idle_is_replaced(self, server: SourceServer) -> None:
        source = HttpSource(loopback_settings(), without_deadline)
        for _ in range(4):
            assert source.fetch(ref(server.url("/hang-up"))) == PICTURE

    def test_source_that_always_hangs_up_is_asked_twice_at_the_most(self, server: SourceServer) -> None:
        with refused(SourceFailed):
            fetch(answering(server, b""))
        assert server.count() <= 2


class TestRequests:
    def test_cookies_are_not_remembered(self, server: SourceServer) -> None:
        source = HttpSource(loopback_settings(), without_deadline)
        for path in ("/cookie", "/cookie", "/redirect/1", "/ok"):
            source.fetch(ref(server.url(path)))
        assert not any("cookie" in seen.headers for seen in server.seen)

    def test_cookie_of_a_redirect_is_not_sent_to_its_target(self, server: SourceServer) -> None:
        fetch(
            answering(
                server, b"HTTP/1.1 302 x\r\nLocation: /ok\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 0\r\n\r\n"
            )
        )
        assert not any("cookie" in seen.headers for seen in server.seen)

    def test_request_says_who_asks_and_nothing_of_the_client(self, server: SourceServer) -> None:
        fetch(server.url("/redirect/1"))
        for seen in server.seen:
            assert seen.headers["user-agent"].startswith("blendBeat/")
            assert seen.headers["accept-encoding"] == "identity"
            assert set(seen.headers) <= {"host", "user-agent", "accept", "accept-encoding", "connection"}

    @pytest.mark.parametrize(
        ("path", "target"),
        [
            ("/a b.jpg", "/a%20b.jpg"),
            ("/été.jpg", "/%C3%A9t%C3%A9.jpg"),
            ("/50%25.jpg", "/50%25.jpg"),
            ("/a+b.jpg?c=d&e=%2F", "/a+b.jpg?c=d&e=%2F"),
            ("/a.jpg#fragment", "/a.jpg"),
            ("?a=b", "/?a=b"),
            ("", "/"),
        ],
    )
    def test_target_is_encoded_once(self, server: SourceServer, path: str, target: str) -> None:
        _outcome(server.url(path))
        assert [seen.target for seen in server.seen] == [target]

    @pytest.mark.parametrize(
        "suffix",
        [
            "/ok\r\nX-Injected: y",
            "/ok?a\r\nX-Injected: y",
            "/ok HTTP/1.1\r\nX-Injected: y\r\n\r\nGET /other",
            "/ok\nX-Injected: y",
            "/ok\x00X-Injected: y",
            "/ok%0d%0aX-Injected: y",
            "/ok\u560d\u560aX-Injected: y",
            "/ok\x85X-Injected: y",
            "\r\nX-Injected: y/ok",
            "#\r\nX-Injected: y",
        ],
    )
    def test_url_injects_neither_header_nor_request(self, server: SourceServer, suffix: str) -> None:
        _outcome(server.url(suffix))
        assert server.count() <= 1
        assert server.count("/other") == 0
        assert not any("x-injected" in seen.headers for seen in server.seen)

    def test_location_injects_neither_header_nor_request(self, server: SourceServer) -> None:
        raw = b"HTTP/1.1 302 x\r\nLocation: /ok?\rX-Injected: y\r\nContent-Length: 0\r\n\r\n"
        _outcome(answering(server, raw))
        assert not any("x-injected" in seen.headers for seen in server.seen)

    @pytest.mark.parametrize("authority", ["user:secret@", "user@", "@", ":@", "a@b@", "x\\@", "x\\"])
    def test_credentials_in_the_url_are_refused_uncalled(self, server: SourceServer, authority: str) -> None:
        with refused(SourceForbidden) as caught:
            fetch(server.url("/ok", f"{authority}127.0.0.1"))
        assert server.connections == 0
        assert "secret" not in caught.value.detail

    @pytest.mark.parametrize(
        "url",
        [
            "http://a b/",
            "http://.a/",
            "http://*/",
            "http://a:99999/",
            "http://a:-1/",
            "http://a:x/",
            "http://a:\u0668\u0660/",
            "http://%zz/",
            "http://a%00/",
            "http://\u2488.example/",
            "http://a\x00b/",
            "http://:80/",
        ],
    )
    def test_url_that_cannot_be_called_is_the_caller_s_mistake(self, url: str) -> None:
        with refused(BadRecipe):
            fetch(url)

    @pytest.mark.parametrize(
        "url",
        ["http://[", "http://[::1", "http://]/", "http://[1.2.3.4]/", "http://[x]/", "http://exa\u2100mple.com/"],
    )
    def test_url_with_a_broken_host_is_the_caller_s_mistake(self, url: str) -> None:
        with refused((BadRecipe, SourceForbidden)):
            fetch(url)

    @pytest.mark.parametrize("host", ["a..b", "a" * 64 + ".example", "a" * 300, "-", "xn--a", "a_b", "%20"])
    def test_name_that_cannot_exist_is_an_origin_error(self, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(socket, "getaddrinfo", _numeric_only)
        with refused((BadRecipe, SourceFailed)):
            fetch(f"http://{host}/a.jpg")

    def test_very_long_url_is_an_origin_error_or_an_answer(self, server: SourceServer) -> None:
        assert _outcome(server.url("/" + "a" * 1_000_000)) in ("none", "SourceFailed", "SourceMissing", "BadRecipe")


Resolver = Callable[..., list[Any]]
_real_getaddrinfo = socket.getaddrinfo


def _numeric_only(host: str, port: int, **options: Any) -> list[Any]:
    """The real resolver's rules for names, localhost included, without its questions to the network."""
    host.encode("idna")
    if host.lower() == "localhost":
        host = "127.0.0.1"
    return _real_getaddrinfo(host, port, flags=socket.AI_NUMERICHOST, **options)


def _resolver_that_raises(error: Exception) -> Resolver:
    def resolve(*_args: Any, **_options: Any) -> list[Any]:
        raise error

    return resolve


def _hosts(server: SourceServer, table: dict[str, list[str]], asked: list[str] | None = None) -> Resolver:
    """A resolver that knows the names in *table*, all at the server's port, and addresses as they are."""

    def resolve(host: str, port: int, *_args: Any, **_options: Any) -> list[Any]:
        if asked is not None:
            asked.append(host)
        return [_entry(address, server.port if host in table else port) for address in table.get(host, [host])]

    return resolve


def _entry(address: str, port: int) -> tuple[int, int, int, str, tuple[Any, ...]]:
    if ":" in address:
        return socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port, 0, 0)
    return socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port)


def _recorded_connects(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    called: list[str] = []
    connect = socket.socket.connect

    def recorded(self: socket.socket, address: Any) -> None:
        called.append(address[0])
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", recorded)
    return called


def _outcome(url: str) -> str:
    """The name of the origin's error, or none; what is no error of the origin's passes through."""
    try:
        fetch(url)
    except OriginError as error:
        return type(error).__name__
    return "none"


@contextmanager
def _memory_below(most_bytes: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < most_bytes


_PATCHED = """
from gevent import monkey; monkey.patch_all()
import sys, time
from origin.concurrency import deadline
from origin.errors import OriginError
from origin.recipe import Scheme, SourceRef
from origin.sources.http import HttpSource
from tests.webserver import loopback_settings
settings = loopback_settings(timeout_s=0.4, connect_timeout_s=30, read_timeout_s=30, max_bytes=10**13)
source = HttpSource(settings, deadline)
for url in sys.argv[1:]:
    started_s = time.monotonic()
    try:
        source.fetch(SourceRef(Scheme.HTTP, url))
        error = "none"
    except OriginError as caught:
        error = type(caught).__name__
    print(error, time.monotonic() - started_s)
"""


def _fetched_by_a_patched_process(urls: list[str]) -> list[tuple[str, float]]:
    """Fetch *urls* one after the other where gevent has patched the sockets, within 0.4 s each."""
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _PATCHED, *urls],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [(error, float(took_s)) for error, took_s in re.findall(r"^(\w+) ([\d.]+)$", done.stdout, re.MULTILINE)]


def _self_signed(folder: Path) -> tuple[ssl.SSLContext, Path]:
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1"
    names = ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        [*command.split(), *names, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, certificate
