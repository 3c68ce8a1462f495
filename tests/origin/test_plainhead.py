"""Heads that are read without a parser are read as the parser reads them."""

import time
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http.message import Request
from gunicorn.http.unreader import IterUnreader
from hypothesis import example, given
from hypothesis import strategies as st

from origin.plainhead import Fields, PlainHead, read

_START = b"GET /s/w:300/plain/local:///a.jpg HTTP/1.1\r\n"
_HOST = b"Host: cdn.example:8080\r\n"


def parsed(data: bytes) -> tuple[Any, bytes]:
    """The request as gunicorn reads it, and what is left over; raises what gunicorn raises."""
    config = Config()
    for name, value in {
        "limit_request_line": 8190,
        "limit_request_fields": 64,
        "limit_request_field_size": 8190,
        "forwarded_allow_ips": "",
        "forwarder_headers": "",
    }.items():
        config.set(name, value)
    unreader = IterUnreader(iter([data]))
    request = Request(config, unreader, ("203.0.113.7", 4711))
    return request, unreader.read()


def test_a_browsers_head_is_read() -> None:
    fields = (
        b"User-Agent: Mozilla/5.0\r\nAccept: image/avif,image/webp,*/*;q=0.8\r\nConnection: Keep-Alive\r\n"
        b'if-none-match: "abc" \r\nX-Request-ID:r-1\r\nX-Forwarded-For: 192.0.2.1, 10.0.0.1\r\n'
    )
    assert read(_START + _HOST + fields + b"\r\n") == PlainHead(
        "GET",
        "/s/w:300/plain/local:///a.jpg",
        Fields("image/avif,image/webp,*/*;q=0.8", '"abc"', "r-1", "192.0.2.1, 10.0.0.1"),
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        _START,
        _START + b"\r\n",
        _START + _HOST,
        _START + _HOST + b"\r",
        _START + _HOST + b"\r\n" + _START,
        _START + _HOST + _HOST + b"\r\n",
        _START + b"Host: a b\r\n\r\n",
        _START + b"Host:\r\n\r\n",
        _START.replace(b"1.1", b"1.0") + _HOST + b"\r\n",
        _START.replace(b"GET", b"POST") + _HOST + b"\r\n",
        _START.replace(b"/s", b"http://cdn.example/s") + _HOST + b"\r\n",
        _START.replace(b"/s", b"/\xff") + _HOST + b"\r\n",
        _START.replace(b"\r\n", b"\n") + _HOST + b"\r\n",
        *(
            _START + _HOST + field + b"\r\n\r\n"
            for field in (
                b"Content-Length: 0",
                b"Transfer-Encoding: chunked",
                b"transfer-ENCODING : chunked",
                b"Expect: 100-continue",
                b"Upgrade: h2c",
                b"Connection: close",
                b"Connection: keep-alive, upgrade",
                b"Accept: a\r\nAccept: b",
                b"Accept: a\r\n b",
                b"Accept: \x00",
                b"X_Request_Id: a",
                b"no colon",
                b": no name",
                b"Authorization: Bearer x",
                b"\r\n".join([b"A: b"] * 64),
            )
        ),
    ],
)
def test_what_is_out_of_the_ordinary_is_left_to_the_parser(data: bytes) -> None:
    assert read(data) is None


def test_a_long_value_takes_no_time_to_speak_of() -> None:
    started_s = time.process_time()
    for number in range(100):
        value = b"x" + b" " * 7900 + b"%d" % number
        assert read(_START + _HOST + b"Accept: " + value + b"\r\n\r\n") is not None
    # A tenth of a millisecond each; when spaces were taken with an expression, half a second each.
    assert time.process_time() - started_s < 5


_TOKENS = st.sampled_from(
    [
        *(b"GET", b"HEAD", b"POST", b" ", b"  ", b"/", b"/a?b", b"//h/x", b"/%00", b"#f", b"HTTP/1.1", b"HTTP/1.0"),
        *(b"\r\n", b"\n", b"\r", b":", b"\t", b"\x00", b"\x7f", b"\xff", b"\x0b"),
        *(b"Host: h", b"Host: h:1", b"Host", b"Accept: */*", b"Connection: close", b"connection: keep-alive"),
        *(b"Content-Length: 1", b"Transfer-Encoding: chunked", b"X_A: b", b"Expect: x", b"If-None-Match: *"),
    ]
)


@given(st.lists(_TOKENS, max_size=14))
@example([b"GET", b" ", b"//h/x", b" ", b"HTTP/1.1", b"\r\n", b"Host: h", b"\r\n", b"\r\n"])
def test_whatever_is_read_the_parser_reads_the_same_way(tokens: list[bytes]) -> None:
    assert_same(b"".join(tokens))


@given(
    st.sampled_from([b"GET", b"HEAD"]),
    st.binary(max_size=12),
    st.lists(st.tuples(st.sampled_from([b"Accept", b"X-Any", b"If-None-Match", b"Te"]), st.binary(max_size=8))),
)
def test_strange_bytes_anywhere_are_read_as_the_parser_reads_them(
    method: bytes, path: bytes, fields: list[tuple[bytes, bytes]]
) -> None:
    lines = [method + b" /" + path + b" HTTP/1.1", b"Host: h", *(name + b":" + value for name, value in fields)]
    assert_same(b"\r\n".join([*lines, b"", b""]))


def assert_same(data: bytes) -> None:
    head = read(data)
    if head is None:
        return
    request, left = parsed(data)
    fields = dict(request.headers)
    assert left == b""
    assert (request.method, request.uri, request.version) == (head.method, head.target, (1, 1))
    assert len(fields) == len(request.headers) or {"ACCEPT", "IF-NONE-MATCH"}.isdisjoint(
        name for name, _ in request.headers if [other for other, _ in request.headers].count(name) > 1
    )
    assert fields.get("ACCEPT", "") == head.fields.accept
    assert fields.get("IF-NONE-MATCH", "") == head.fields.if_none_match
    assert not request.should_close()
    assert request.body.read() == b""
