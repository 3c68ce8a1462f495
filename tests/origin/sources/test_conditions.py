"""Which validators of a stranger are remembered, and where they are sent back."""

import pytest

from origin.errors import SourceFailed
from origin.sources.conditions import conditions, validators_in
from origin.sources.held import NONE, SourceImage, Validators
from origin.sources.http import HttpSource
from tests.origin.sources.fetching import answering, ref, refused, without_deadline
from tests.webserver import PICTURE, SourceServer, loopback_settings

WRITTEN, ANSWERED = "Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2015 07:28:01 GMT"


@pytest.mark.parametrize(
    "etag", ['"1"', 'W/"1"', '""', '"a b"', '"W/x,y*"', '"68f-{!#}~"', '"' + "x" * 998 + '"'], ids=lambda etag: etag[:9]
)
def test_entity_tag_is_kept_and_sent_back_verbatim(etag: str) -> None:
    found = validators_in({"ETag": etag}, "")
    assert found == Validators(etag)
    assert conditions(found) == {"If-None-Match": etag}


@pytest.mark.parametrize(
    "etag",
    [
        "",
        "*",
        "1",
        '"1',
        'w/"1"',
        'W/ "1"',
        '"1", "2"',
        '"1"\n',
        '"1\r\nX: y"',
        '"a\x00b"',
        '"a\tb"',
        '"a\x7fb"',
        '"\xe9"',
        '"' + "x" * 999 + '"',
        '"' + "x" * 1_000_000 + '"',
    ],
    ids=lambda etag: etag[:9],
)
def test_what_is_no_single_entity_tag_of_a_sane_length_is_dropped(etag: str) -> None:
    assert validators_in({"ETag": etag}, "target") == NONE


def test_date_is_kept_and_sent_back_verbatim() -> None:
    found = validators_in({"Last-Modified": WRITTEN, "Date": ANSWERED}, "target")
    assert found == Validators("", WRITTEN, "target")
    assert conditions(found) == {"If-Modified-Since": WRITTEN}


@pytest.mark.parametrize("answered", [WRITTEN, "Wed, 21 Oct 2015 07:27:59 GMT", "", "yesterday"])
def test_date_is_dropped_while_something_else_may_come_to_bear_it(answered: str) -> None:
    assert validators_in({"Last-Modified": WRITTEN, "Date": answered}, "") == NONE


@pytest.mark.parametrize(
    "modified",
    [
        "",
        "0",
        "yesterday",
        "2015-10-21T07:28:00Z",
        "Wed, 32 Oct 2015 07:28:00 GMT",
        "Wed, 21 Oct 99999 07:28:00 GMT",
        "Wed, 21 Oct 0000 07:28:00 GMT",
        f"{WRITTEN}\n",
        WRITTEN.replace(" ", "\n", 1),
        WRITTEN.replace(" ", "\u2003", 1),
        WRITTEN.replace("2015", "\u0662\u0660\u0661\u0665"),
        f"{WRITTEN}{'x' * 1_000_000}",
    ],
    ids=lambda modified: repr(modified[:30]),
)
def test_what_is_no_date_is_dropped(modified: str) -> None:
    assert validators_in({"Last-Modified": modified, "Date": ANSWERED}, "") == NONE


def test_nothing_held_is_no_condition() -> None:
    assert conditions(NONE) == {}


class TestRequests:
    def test_unchanged_costs_no_body_and_no_connection(self, server: SourceServer) -> None:
        server.etags["/ok"], server.modified["/ok"] = 'W/"1"', WRITTEN
        source = HttpSource(loopback_settings(), without_deadline)
        image = source.fetch(ref(server.url("/ok")))
        assert image == SourceImage(PICTURE, Validators('W/"1"', WRITTEN))
        for _ in range(3):
            assert source.fetch(ref(server.url("/ok")), image.validators) is None
        assert server.connections == 1
        sent = [(seen.headers.get("if-none-match"), seen.headers.get("if-modified-since")) for seen in server.seen]
        assert sent == [(None, None), *[('W/"1"', WRITTEN)] * 3]

    def test_a_304_that_nobody_asked_for_is_a_failure(self, server: SourceServer) -> None:
        source = HttpSource(loopback_settings(), without_deadline)
        for held in (NONE, Validators('"1"', "", "elsewhere")):
            with refused(SourceFailed):
                source.fetch(ref(server.url("/status/304")), held)

    def test_304_with_an_endless_body_is_a_304(self, server: SourceServer) -> None:
        head = b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n"
        url = answering(server, head + b"10000\r\n%s\r\n" % bytes(65536) * 64)
        source = HttpSource(loopback_settings(), without_deadline)
        assert source.fetch(ref(url), Validators('"1"')) is None
        assert source.fetch(ref(server.url("/ok"))) == SourceImage(PICTURE)

    def test_broken_304_leaves_the_source_usable(self, server: SourceServer) -> None:
        url = answering(server, b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
        source = HttpSource(loopback_settings(), without_deadline)
        with refused(SourceFailed):
            source.fetch(ref(url), Validators('"1"'))
        assert source.fetch(ref(server.url("/ok"))) == SourceImage(PICTURE)


class TestRedirects:
    """Validators belong to one address: any other would compare them with those of another picture."""

    @pytest.fixture
    def redirecting(self, server: SourceServer) -> SourceServer:
        server.etags["/ok"], server.modified["/ok"] = '"1"', WRITTEN
        return server

    def test_validators_are_those_of_the_last_hop_and_sent_to_it_alone(self, redirecting: SourceServer) -> None:
        source = HttpSource(loopback_settings(), without_deadline)
        url = ref(redirecting.url("/redirect/2"))
        image = source.fetch(url)
        assert image is not None
        assert (image.validators.etag, image.validators.last_modified) == ('"1"', WRITTEN)
        assert source.fetch(url, image.validators) is None
        asked = [(seen.target, "if-none-match" in seen.headers) for seen in redirecting.seen[3:]]
        assert asked == [("/redirect/2", False), ("/redirect/1", False), ("/ok", True)]
        assert not any("if-modified-since" in seen.headers for seen in redirecting.seen[:5])

    def test_another_target_with_the_same_tag_is_another_picture(self, server: SourceServer) -> None:
        source = HttpSource(loopback_settings(), without_deadline)
        held, bodies = NONE, []
        for path in ("/one", "/two"):
            server.bodies[path], server.etags[path] = path.encode(), '"1"'
            server.raw["/start"] = b"HTTP/1.1 302 x\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % path.encode()
            image = source.fetch(ref(server.url("/start")), held)
            assert image is not None
            held = image.validators
            bodies.append(image.body)
        assert bodies == [b"/one", b"/two"]

    def test_address_that_no_longer_redirects_is_asked_for_everything(self, redirecting: SourceServer) -> None:
        source = HttpSource(loopback_settings(), without_deadline)
        url = ref(redirecting.url("/redirect/1"))
        image = source.fetch(url)
        assert image is not None
        redirecting.bodies["/redirect/1"], redirecting.etags["/redirect/1"] = b"here now", '"1"'
        assert source.fetch(url, image.validators) == SourceImage(b"here now", Validators('"1"'))

    def test_address_that_has_begun_to_redirect_is_asked_for_everything(self, redirecting: SourceServer) -> None:
        source = HttpSource(loopback_settings(), without_deadline)
        image = source.fetch(ref(redirecting.url("/redirect/1")), Validators('"1"', WRITTEN))
        assert image is not None
        assert image.body == PICTURE
