import socket

import pytest
import responses

from origin.errors import (
    SourceFailed,
    SourceForbidden,
    SourceMissing,
)
from origin.recipe import Scheme
from origin.sources.allowlist import parse_pattern
from origin.sources.http import _next_hop
from tests.origin.sources.fetching import answering, fetch, numeric_only, outcome_of, redirecting, ref, refused
from tests.webserver import PICTURE, SourceServer


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
        monkeypatch.setattr(socket, "getaddrinfo", numeric_only)
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
        assert outcome_of(answering(server, raw)) in ("SourceFailed", "SourceDown", "SourceNowhere", "SourceMissing")

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
