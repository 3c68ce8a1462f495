import errno
import gc
import gzip
import shutil
import socket
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest
import requests
import responses

from origin.errors import (
    BadRecipe,
    OriginError,
    Overloaded,
    SourceFailed,
    SourceForbidden,
    SourceMissing,
    SourceTimeout,
    TooCostly,
)
from origin.sources.http import HttpSource
from tests.origin.sources.fetching import (
    PROMPT_S,
    answering,
    fetch,
    fetched_by_a_patched_process,
    memory_below,
    numeric_only,
    outcome_of,
    ref,
    refused,
    resolver_that_raises,
    self_signed,
    without_deadline,
)
from tests.webserver import BOMB, PICTURE, SourceServer, loopback_settings


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
        monkeypatch.setattr(socket, "getaddrinfo", resolver_that_raises(socket.gaierror(-2, "Name not known")))
        with refused(SourceFailed):
            fetch("http://img.example.com/a.jpg")

    def test_resolver_that_breaks_is_a_failure(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(socket, "getaddrinfo", resolver_that_raises(OSError(5, "Input/output error")))
        with refused(SourceFailed):
            fetch("http://img.example.com/a.jpg")

    @pytest.mark.parametrize(
        "error", [OSError(errno.EMFILE, "Too many open files"), socket.gaierror(socket.EAI_SYSTEM, "System error")]
    )
    def test_files_that_have_run_out_are_not_the_fault_of_the_source(
        self, monkeypatch: pytest.MonkeyPatch, error: OSError
    ) -> None:
        monkeypatch.setattr(socket, "getaddrinfo", resolver_that_raises(error))
        with refused(Overloaded):
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
        outcomes = fetched_by_a_patched_process([server.url(path) for path in paths])
        for path, (error, took_s) in zip(paths, outcomes, strict=True):
            assert error == "SourceTimeout", path
            assert 0.3 < took_s < PROMPT_S, path

    def test_deadline_of_one_greenlet_leaves_the_next_fetch_alone(self, server: SourceServer) -> None:
        urls = [server.url("/drip"), server.url("/ok"), server.url("/drip"), server.url("/redirect/2")]
        outcomes = fetched_by_a_patched_process(urls)
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
        with memory_below(4_000_000), refused(TooCostly):
            fetch(server.url(path))

    def test_endless_body_is_not_taken_to_its_end(self, server: SourceServer) -> None:
        with refused(TooCostly):
            fetch(server.url("/large-chunked"), max_bytes=1000)
        assert server.flooded_bytes < 16 * 1024 * 1024

    def test_body_of_a_redirect_counts_too(self, server: SourceServer) -> None:
        with memory_below(4_000_000):
            outcome_of(server.url("/redirect-large"))
        assert server.flooded_bytes < 16 * 1024 * 1024

    def test_compressed_body_of_a_redirect_counts_too(self, server: SourceServer) -> None:
        head = b"HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(
            BOMB
        )
        with memory_below(4_000_000):
            outcome_of(answering(server, head + BOMB))

    @pytest.mark.parametrize(("times", "error"), [(1, TooCostly), (2, SourceFailed)])
    def test_compressed_body_is_not_held_decompressed_beyond_the_limit(
        self, server: SourceServer, times: int, error: type[OriginError]
    ) -> None:
        body = BOMB
        for _ in range(times - 1):
            body = gzip.compress(body)
        encoding = b", ".join([b"gzip"] * times)
        url = answering(server, b"HTTP/1.1 200 OK\r\nContent-Encoding: " + encoding + b"\r\n\r\n" + body)
        with memory_below(6 * 1024 * 1024), refused(error):
            fetch(url)

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
            outcome_of(answering(server, b"HTTP/1.1 200 OK\r\nContent-Length: " + lengths + b"\r\n\r\nabcd"))
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
        assert outcome_of(answering(server, raw)) in ("none", "SourceFailed")

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
class TestCertificates:
    def test_certificate_nobody_vouches_for_is_a_failure(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        context, certificate = self_signed(tmp_path)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))  # the environment vouches for nobody either
        with SourceServer(tls=context) as secure:
            with refused(SourceFailed):
                fetch(secure.url("/ok"))
            assert secure.count() == 0

    def test_certificate_somebody_vouches_for_is_trusted(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        context, certificate = self_signed(tmp_path)
        monkeypatch.setattr(requests.adapters, "DEFAULT_CA_BUNDLE_PATH", str(certificate))
        with SourceServer(tls=context) as secure:
            assert fetch(secure.url("/ok")) == PICTURE

    @pytest.mark.parametrize(
        ("address", "days"), [("127.0.0.9", 2), ("127.0.0.1", -1)], ids=["of another host", "expired"]
    )
    def test_certificate_that_does_not_hold_is_a_failure_whoever_vouches_for_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, days: int
    ) -> None:
        context, certificate = self_signed(tmp_path, address, days)
        monkeypatch.setattr(requests.adapters, "DEFAULT_CA_BUNDLE_PATH", str(certificate))
        with SourceServer(tls=context) as secure:
            with refused(SourceFailed) as caught:
                fetch(secure.url("/ok"))
            assert "cannot be trusted" in caught.value.detail
            assert secure.count() == 0


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
        outcome_of(server.url(path))
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
        outcome_of(server.url(suffix))
        assert server.count() <= 1
        assert server.count("/other") == 0
        assert not any("x-injected" in seen.headers for seen in server.seen)

    def test_location_injects_neither_header_nor_request(self, server: SourceServer) -> None:
        raw = b"HTTP/1.1 302 x\r\nLocation: /ok?\rX-Injected: y\r\nContent-Length: 0\r\n\r\n"
        outcome_of(answering(server, raw))
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
        monkeypatch.setattr(socket, "getaddrinfo", numeric_only)
        with refused((BadRecipe, SourceFailed)):
            fetch(f"http://{host}/a.jpg")

    def test_very_long_url_is_an_origin_error_or_an_answer(self, server: SourceServer) -> None:
        assert outcome_of(server.url("/" + "a" * 1_000_000)) in ("none", "SourceFailed", "SourceMissing", "BadRecipe")
