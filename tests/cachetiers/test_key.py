import re

from hypothesis import given
from hypothesis import strategies as st

from cachetiers.key import digest


@given(st.lists(st.text()), st.lists(st.text()))
def test_different_lists_have_different_keys(one: list[str], other: list[str]) -> None:
    assert (digest(*one) == digest(*other)) == (one == other)


@given(st.lists(st.text()))
def test_a_key_is_legal_in_every_tier(parts: list[str]) -> None:
    assert re.fullmatch("[0-9a-f]{40}", digest(*parts))


def test_a_key_is_the_same_in_every_process() -> None:
    assert digest("1", "w:300", "local:///a.jpg") == "fdc7b73dc1b024199a8075c9842824e59dba4cec"
