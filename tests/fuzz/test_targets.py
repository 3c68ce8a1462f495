"""The targets of fuzzing, tried briefly."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.seeds import SEEDS
from tests.fuzz.targets import TARGETS


@st.composite
def _damaged(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    body = bytearray(draw(st.sampled_from(seeds)))
    for at, value in draw(st.lists(st.tuples(st.integers(0, len(body) - 1), st.integers(0, 255)), max_size=8)):
        body[at] = value
    return bytes(body[: draw(st.integers(0, len(body)))]) if draw(st.booleans()) else bytes(body)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=400)
@given(st.data())
def test_target_holds_for_whatever_comes(name: str, data: st.DataObject) -> None:
    TARGETS[name](data.draw(st.one_of(_damaged(SEEDS[name]), st.binary(max_size=300))))
