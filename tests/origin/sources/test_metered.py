import pytest

from origin.errors import SourceFailed, TooCostly
from origin.sources.http import HttpSource
from origin.sources.metered import FRAMING_BYTES, HEAD_BYTES
from tests.origin.sources.fetching import (
    PROMPT_S,
    answering,
    fetch,
    fetched_by_a_patched_process,
    memory_below,
    ref,
    refused,
    without_deadline,
)
from tests.webserver import BLOCK_OF_NOTHING, FLOODS, PICTURE, SourceServer, loopback_settings

INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.mark.parametrize("kind", FLOODS)
def test_flood_without_a_body_is_refused_at_its_limit(server: SourceServer, kind: str) -> None:
    with memory_below(4_000_000), refused((SourceFailed, TooCostly)):
        fetch(server.flood(kind))
    assert server.flooded_bytes < 16 * 1024 * 1024


def test_deadline_bites_however_fast_a_source_is(server: SourceServer) -> None:
    kinds = ["blocks of nothing", "blocks of nothing in chunks", "trailers"]
    outcomes = fetched_by_a_patched_process([server.flood(kind) for kind in kinds])
    for kind, (error, took_s) in zip(kinds, outcomes, strict=True):
        assert error == "SourceTimeout", kind
        assert took_s < PROMPT_S, kind


def test_head_may_be_long_and_a_body_of_the_limit_follows(server: SourceServer) -> None:
    head = INTERIM * 1000 + b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(PICTURE)
    assert len(head) < HEAD_BYTES
    assert fetch(answering(server, head + PICTURE), max_bytes=len(PICTURE)) == PICTURE


def test_head_beyond_its_limit_is_a_failure_of_the_source(server: SourceServer) -> None:
    raw = INTERIM * (HEAD_BYTES // len(INTERIM) + 1) + b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    with refused(SourceFailed):
        fetch(answering(server, raw))


def test_small_chunks_of_a_body_do_not_count_against_it(server: SourceServer) -> None:
    body = bytes(100_000)
    chunks = b"".join(b"10\r\n%s\r\n" % body[at : at + 16] for at in range(0, len(body), 16))
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    assert fetch(answering(server, raw), max_bytes=len(body)) == body


def test_compressed_body_is_counted_as_it_is_sent_too(server: SourceServer) -> None:
    blocks = BLOCK_OF_NOTHING * (2 * FRAMING_BYTES // len(BLOCK_OF_NOTHING))
    with refused(TooCostly):
        fetch(answering(server, b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\n\r\n" + blocks), max_bytes=1000)


@pytest.mark.parametrize("status", [b"103 Early Hints\r\nLink: </a.css>; rel=preload", b"102 Processing", b"199 Odd"])
def test_interim_answers_are_passed_over(server: SourceServer, status: bytes) -> None:
    interim = b"HTTP/1.1 " + status + b"\r\n\r\n"
    last = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(PICTURE) + PICTURE
    assert fetch(answering(server, interim * 3 + INTERIM + interim + last)) == PICTURE


def test_switch_to_another_protocol_is_a_failure_of_the_source(server: SourceServer) -> None:
    with refused(SourceFailed):
        fetch(answering(server, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"))


@pytest.mark.parametrize("size", [b"-1", b"-5", b"-0000001"])
def test_chunk_of_negative_size_is_refused_unread(server: SourceServer, size: bytes) -> None:
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + size + b"\r\n" + bytes(500_000)
    with memory_below(400_000), refused(SourceFailed):
        fetch(answering(server, raw))


def test_others_have_a_turn_at_every_read(server: SourceServer) -> None:
    turns: list[None] = []
    server.bodies["/long"] = bytes(1_000_000)
    HttpSource(loopback_settings(), without_deadline, lambda: turns.append(None)).fetch(ref(server.url("/long")))
    assert len(turns) > 1_000_000 // (128 * 1024)
