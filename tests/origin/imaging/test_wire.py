import json
import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origin.errors import BadRecipe, BrokenImage, CannotWrite, NotAnImage, OriginError, TooCostly
from origin.imaging import wire
from origin.imaging.inspect import SourceFormat
from origin.imaging.job import Rendered
from origin.imaging.pool import Abilities
from origin.imaging.wire import LENGTHS, MOST_BODY_BYTES, Answer, BadAnswer, Fault, Hello, Order, Outcome, Withdrawn
from origin.recipe import OutputFormat

MADE = Rendered(b"body", "image/svg+xml", "svg", "0123456789ab", 0.25)


def over_the_wire(outcome: Outcome) -> Answer:
    head, body = wire.answer_frame(Answer(7, outcome))
    lengths, header = head[: LENGTHS.size], head[LENGTHS.size :]
    assert wire.read_lengths(lengths) == (len(header), len(body))
    return wire.read_answer(header, body)


@pytest.mark.parametrize("outcome", [MADE, Fault("Traceback: é"), Withdrawn()])
def test_an_answer_arrives_as_it_was_sent(outcome: Outcome) -> None:
    assert over_the_wire(outcome) == Answer(7, outcome)


@pytest.mark.parametrize("kind", [NotAnImage, BrokenImage, TooCostly, CannotWrite])
def test_a_refusal_arrives_as_the_same_kind(kind: type[OriginError]) -> None:
    refusal = over_the_wire(kind("why: \ud83d\x00 and é")).outcome
    assert type(refusal) is kind
    assert refusal.detail == "why: \ud83d\x00 and é"


def test_a_refusal_with_two_arguments_keeps_both() -> None:
    refusal = over_the_wire(BadRecipe("page:9", "there is none")).outcome
    assert isinstance(refusal, BadRecipe)
    assert (refusal.segment, refusal.reason) == ("page:9", "there is none")


def test_an_answer_too_large_to_take_is_refused_where_it_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MOST_BODY_BYTES", 3)
    refusal = over_the_wire(MADE).outcome
    assert isinstance(refusal, TooCostly)


def test_a_long_refusal_is_cut_and_fits_its_frame() -> None:
    refusal = over_the_wire(BrokenImage("\U0001f600" * 100_000)).outcome
    assert isinstance(refusal, BrokenImage)
    assert len(refusal.detail) == 4000


def test_a_hello_arrives_as_it_was_sent() -> None:
    hello = Hello(Abilities(frozenset({SourceFormat.HEIC}), frozenset({OutputFormat.WEBP}), "libvips-8.18.7-2"), ("x",))
    assert wire.read_hello(wire.hello_frame(hello)[LENGTHS.size :]) == hello


def test_an_order_arrives_as_it_was_sent() -> None:
    assert Order(*wire.ORDER.unpack(Order(1, 2, 3).packed())) == Order(1, 2, 3)


@pytest.mark.parametrize("lengths", [(2**31, 0), (10, MOST_BODY_BYTES + 1)])
def test_nobody_is_made_to_take_more_than_fits(lengths: tuple[int, int]) -> None:
    with pytest.raises(BadAnswer):
        wire.read_lengths(LENGTHS.pack(*lengths))


def changed(**fields: object) -> bytes:
    head, _ = wire.answer_frame(Answer(7, MADE))
    return json.dumps({**json.loads(head[LENGTHS.size :]), **fields}).encode()


@pytest.mark.parametrize(
    "fields",
    [
        {"media_type": "image/png\r\nSet-Cookie: a=b"},
        {"media_type": "image/png\n"},
        {"media_type": "text/html"},
        {"media_type": "text/javascript"},
        {"suffix": '"; x="'},
        {"suffix": 7},
        {"digest": "../../etc"},
        {"transform_s": -1.0},
        {"transform_s": float("nan")},
        {"transform_s": float("inf")},
        {"transform_s": "1"},
        {"number": True},
        {"number": None},
        {"is": "refused"},
        {"is": ["made"]},
        {"is": "hired"},
        {"extra": 1},
    ],
)
def test_an_answer_that_is_not_as_it_should_be_is_not_believed(fields: dict[str, object]) -> None:
    with pytest.raises(BadAnswer):
        wire.read_answer(changed(**fields), b"body")


@pytest.mark.parametrize(
    "told",
    [
        {"slug": "unauthorized", "arguments": ["x"]},
        {"slug": "bad-recipe", "arguments": ["x"]},
        {"slug": "broken-image", "arguments": ["x", "y"]},
        {"slug": "broken-image", "arguments": [["x"]]},
        {"slug": "broken-image", "arguments": "x"},
        {"slug": "broken-image", "arguments": ["x" * 5000]},
    ],
)
def test_a_child_raises_only_what_a_decoder_may(told: dict[str, object]) -> None:
    with pytest.raises(BadAnswer):
        wire.read_answer(json.dumps({"is": "refused", "number": 1, **told}).encode(), b"")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=3)
)
headers = st.binary() | st.builds(
    lambda fields: json.dumps(fields).encode(),
    st.dictionaries(
        st.sampled_from(
            ["is", "number", "slug", "arguments", "media_type", "suffix", "digest", "transform_s", "reads"]
        ),
        json_values | st.sampled_from(["made", "refused", "fault", "withdrawn", "broken-image"]),
    ),
)


@given(headers, st.binary())
def test_whatever_a_child_says_is_an_answer_or_a_bad_one(header: bytes, body: bytes) -> None:
    try:
        answer = wire.read_answer(header, body)
    except BadAnswer:
        return
    if isinstance(answer.outcome, Rendered):
        assert re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", answer.outcome.media_type)


@given(headers)
def test_whatever_a_child_greets_with_is_a_hello_or_a_bad_answer(header: bytes) -> None:
    with suppress(BadAnswer):
        wire.read_hello(header)
