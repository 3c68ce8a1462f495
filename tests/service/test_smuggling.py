"""Requests that two servers might read differently: refused, or read as one request after which nothing is read.

Each ends its connection, so whatever an edge believes to be the next request on it is never served. The other side of
the table, what is answered otherwise, says why that is harmless.
"""

from collections.abc import Iterator

import pytest

from tests.service import wire
from tests.service.conftest import TOKEN, Service

INNER = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
POST = "POST /resize HTTP/1.1\r\nHost: x\r\n"
CHUNKED = f"{POST}Authorization: Bearer {TOKEN}\r\nTransfer-Encoding: chunked\r\n"
GET = "GET /health HTTP/1.1\r\nHost: x\r\n"

REFUSED = {
    "length and chunks": f"{POST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{INNER}",
    "chunks and length": f"{POST}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n{INNER}",
    "two lengths": f"{POST}Content-Length: 0\r\nContent-Length: {len(INNER)}\r\n\r\n{INNER}",
    "two equal lengths": f"{POST}Content-Length: 1\r\nContent-Length: 1\r\n\r\nx{INNER}",
    "a list of lengths": f"{POST}Content-Length: 0, {len(INNER)}\r\n\r\n{INNER}",
    "a length with a plus": f"{POST}Content-Length: +1\r\n\r\nx{INNER}",
    "a negative length": f"{POST}Content-Length: -1\r\n\r\n{INNER}",
    "a length in hex": f"{POST}Content-Length: 0x1\r\n\r\nx{INNER}",
    "a length with a space inside": f"{POST}Content-Length: 1 0\r\n\r\n{INNER}",
    "a length with an underscore": f"{POST}Content-Length: 1_0\r\n\r\n{INNER}",
    "a superscript length": f"{POST}Content-Length: \u00b9\r\n\r\nx{INNER}",
    "an empty length": f"{POST}Content-Length:\r\n\r\n{INNER}",
    "no length that fits a number": f"{POST}Content-Length: {'9' * 5000}\r\n\r\n{INNER}",
    "an unknown coding": f"{POST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{INNER}",
    "a quoted coding": f'{POST}Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n{INNER}',
    "chunked twice": f"{POST}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n{INNER}",
    "chunked in two fields": f"{POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked is not last": f"{POST}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{INNER}",
    "a coding without chunks": f"{POST}Transfer-Encoding: gzip\r\n\r\n{INNER}",
    "identity and a length": f"{POST}Transfer-Encoding: identity\r\nContent-Length: 1\r\n\r\nx{INNER}",
    "an empty coding": f"{POST}Transfer-Encoding:\r\n\r\n0\r\n\r\n{INNER}",
    "a vertical tab before chunked": f"{POST}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n{INNER}",
    "chunks in HTTP/1.0": f"POST /resize HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{INNER}",
    "a folded field": f"{GET}X: a\r\n b\r\n\r\n{INNER}",
    "a folded coding": f"{POST}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n{INNER}",
    "a space before the colon": f"{POST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n{INNER}",
    "a tab before the colon": f"{POST}Content-Length\t: 1\r\n\r\nx{INNER}",
    "a space before the first field": f"GET /health HTTP/1.1\r\n Host: x\r\n\r\n{INNER}",
    "a field without a name": f"{GET}: x\r\n\r\n{INNER}",
    "a field without a colon": f"{GET}nonsense\r\n\r\n{INNER}",
    "line feeds alone": f"GET /health HTTP/1.1\nHost: x\n\n{INNER}",
    "a line feed in the head": f"{GET}X: a\nContent-Length: {len(INNER)}\r\n\r\n{INNER}",
    "a carriage return in the head": f"{GET}X: a\rContent-Length: 9\r\n\r\n{INNER}",
    "a zero in the head": f"{GET}X: a\x00b\r\n\r\n{INNER}",
    "two hosts": f"{GET}Host: y\r\n\r\n{INNER}",
    "two equal hosts": f"{GET}Host: x\r\n\r\n{INNER}",
    "no host": f"GET /health HTTP/1.1\r\n\r\n{INNER}",
    "no host beside a whole URL": f"GET http://x/health HTTP/1.1\r\n\r\n{INNER}",
    "a host with a space": f"GET /health HTTP/1.1\r\nHost: x y\r\n\r\n{INNER}",
    "a list of hosts": f"GET /health HTTP/1.1\r\nHost: x, y\r\n\r\n{INNER}",
    "a host with a path": f"GET /health HTTP/1.1\r\nHost: x/y\r\n\r\n{INNER}",
    "a host with a user": f"GET /health HTTP/1.1\r\nHost: u@x\r\n\r\n{INNER}",
    "a host with a port in words": f"GET /health HTTP/1.1\r\nHost: x:http\r\n\r\n{INNER}",
    "a host in HTTP/1.0 that is none": f"GET /health HTTP/1.0\r\nHost: x y\r\n\r\n{INNER}",
    "HTTP/0.9": f"GET /health\r\n\r\n{INNER}",
    "HTTP/2 without leave": f"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{INNER}",
    "a version with a tail": f"GET /health HTTP/1.1x\r\nHost: x\r\n\r\n{INNER}",
    "two spaces": f"GET  /health HTTP/1.1\r\nHost: x\r\n\r\n{INNER}",
    "a tab in the request line": f"GET\t/health\tHTTP/1.1\r\nHost: x\r\n\r\n{INNER}",
    "a target of another form": f"GET other.example:80 HTTP/1.1\r\nHost: x\r\n\r\n{INNER}",
    "an asterisk to get": f"GET * HTTP/1.1\r\nHost: x\r\n\r\n{INNER}",
    "an expectation of something else": f"{GET}Expect: the worst\r\n\r\n{INNER}",
    "a chunk size with a sign": f"{CHUNKED}\r\n+1\r\nx\r\n0\r\n\r\n{INNER}",
    "a chunk size with a prefix": f"{CHUNKED}\r\n0x1\r\nx\r\n0\r\n\r\n{INNER}",
    "a chunk size with a space": f"{CHUNKED}\r\n1 \r\nx\r\n0\r\n\r\n{INNER}",
    "a chunk without a size": f"{CHUNKED}\r\n\r\nx\r\n0\r\n\r\n{INNER}",
    "a chunk longer than it says": f"{CHUNKED}\r\n1\r\nxy\r\n0\r\n\r\n{INNER}",
    "chunks that end in line feeds": f"{CHUNKED}\r\n1\nx\n0\n\n{INNER}",
    "a chunk extension with a line feed": f"{CHUNKED}\r\n1;a\nb\r\nx\r\n0\r\n\r\n{INNER}",
    "a chunk extension that is none": f"{CHUNKED}\r\n1;=\r\nx\r\n0\r\n\r\n{INNER}",
    "a length in a trailer": f"{CHUNKED}\r\n1\r\nx\r\n0\r\nContent-Length: 9\r\n\r\n{INNER}",
}

HARMLESS = {
    # Read as HTTP says; the path alone is looked at, so the other host is nobody here.
    "a whole URL of another host": ("GET http://other.example/health HTTP/1.1\r\nHost: x\r\n{}", 200),
    # Older than the field.
    "no host in HTTP/1.0": ("GET /health HTTP/1.0\r\n{}", 200),
    # Of a target that names no host.
    "an empty host": ("GET /health HTTP/1.1\r\nHost:\r\n{}", 200),
    "the address of a host": ("GET /health HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\n{}", 200),
    # As if they had not been sent: they can neither stand for the fields they look like nor hide them.
    "fields with underscores": (GET + "Content_Length: 99\r\nTransfer_Encoding: chunked\r\n{}", 200),
    # Only an arbiter that trusts its peer would take these for its own variables.
    "the name of a script": (GET + "SCRIPT_NAME: /health\r\nPATH_INFO: /\r\n{}", 200),
    "another scheme": (GET + "X-Forwarded-Proto: https\r\nX-Forwarded-Ssl: off\r\n{}", 200),
    # Nobody is asked to override anything.
    "another method": (GET + "X-HTTP-Method-Override: DELETE\r\n{}", 200),
    "another target": (GET + "X-Original-URL: /counters\r\nX-Rewrite-URL: /counters\r\n{}", 200),
    # What is upgraded to is switched off.
    "an upgrade": (GET + "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n{}", 200),
    # A tunnel is refused, and no request is read after it.
    "a tunnel": ("CONNECT other.example:443 HTTP/1.1\r\nHost: x\r\n{}", 405),
}


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    running = Service(tmp_path_factory.mktemp("front") / "log", {})
    yield running
    assert running.stop() == 0
    log = running.log.read_text()
    assert "Traceback" not in log
    assert "smuggled" not in log


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_be_read_in_two_ways_is_not_read(front: Service, name: str) -> None:
    heard = wire.say(front.port, REFUSED[name].encode("latin-1"))
    assert (heard.statuses, heard.ended) == ([400], True), heard.data
    assert b"application/problem+json" in heard.data
    assert front.ask("GET", "/health").status == 200


@pytest.mark.parametrize("name", HARMLESS)
def test_what_looks_dangerous_and_is_not_is_one_request(front: Service, name: str) -> None:
    request, status = HARMLESS[name]
    heard = wire.say(front.port, request.format("Connection: close\r\n\r\n").encode())
    assert (heard.statuses, heard.ended) == ([status], True), heard.data
    assert front.ask("GET", "/health").status == 200


@pytest.mark.parametrize(
    "ending", ["0\r\n\r\n", "0;a=b\r\n\r\n", '0;a="b;c"\r\n\r\n', "0\r\nX-Trailer: y\r\n\r\n", "000\r\n\r\n"]
)
def test_chunks_with_extensions_and_trailers_end_where_they_say(front: Service, ending: str) -> None:
    request = f"{CHUNKED}Connection: keep-alive\r\n\r\n3;x=y\r\nabc\r\n{ending}{GET}Connection: close\r\n\r\n"
    heard = wire.say(front.port, request.encode())
    # The three bytes are no picture; the second request begins where the first ends.
    assert heard.statuses == [415, 200]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize(
    "framing", ["Content-Length: {}\r\n\r\n{}", "Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{}\r\n0\r\n\r\n"]
)
def test_a_body_that_nobody_reads_is_not_the_next_request(front: Service, method: str, framing: str) -> None:
    body = framing.format(len(INNER), INNER)
    heard = wire.say(
        front.port, f"{method} /health HTTP/1.1\r\nHost: x\r\n{body}{GET}Connection: close\r\n\r\n".encode()
    )
    assert heard.statuses == [200 if method == "GET" else 405, 200]


def test_a_broken_body_that_nobody_reads_ends_the_connection(front: Service) -> None:
    request = f"{POST}Transfer-Encoding: chunked\r\n\r\nxyz\r\n{INNER}"
    heard = wire.say(front.port, request.encode())
    assert (heard.statuses, heard.ended) == ([401], True)


def test_pipelined_requests_are_answered_one_after_the_other(front: Service) -> None:
    heard = wire.say(front.port, (f"{GET}\r\n" * 3 + f"{GET}Connection: close\r\n\r\n{INNER}").encode())
    assert heard.statuses == [200] * 4
