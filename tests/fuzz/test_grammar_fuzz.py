"""The invariant of both grammars: whatever the text, values or BadRecipe, nothing else."""

import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st

from origin import grammar, query
from origin.errors import BadRecipe
from origin.options import OPTIONS
from origin.recipe import ImageRequest

_names = st.sampled_from([name for option in OPTIONS for name in (option.name, *option.aliases)])
_values = st.one_of(
    st.text(max_size=12),
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(["", "1", "t", "fp", "sm", "no", "0.5", "fill", "png", "-0", "ff0000"]),
)
_options = st.builds(lambda name, values: ":".join([name, *values]), _names, st.lists(_values, max_size=6))
_sources = st.one_of(
    st.text(), st.just("plain/local:///a.jpg@png"), st.text().map(lambda text: f"plain/https://{text}")
)
_paths = st.builds(lambda options, source: "/" + "/".join([*options, source]), st.lists(_options, max_size=5), _sources)


@given(st.one_of(_paths, st.text()))
@settings(max_examples=1500, deadline=None)
def test_a_path_gives_values_or_bad_recipe(path: str) -> None:
    with contextlib.suppress(BadRecipe):
        request = grammar.parse(path)
        assert isinstance(request, ImageRequest)
        assert grammar.parse(grammar.spell(request)) == request
        assert isinstance(request.recipe.canonical(), str)
        assert isinstance(request.source.host, str)


_pairs = st.builds(
    lambda name, value: f"{name}={value}", st.sampled_from(["url", "sig", *query.FIELDS, "x", ""]), _values
)


@given(st.one_of(st.lists(_pairs, max_size=6).map("&".join), st.text()))
@settings(max_examples=500, deadline=None)
def test_a_query_gives_values_or_bad_recipe(text: str) -> None:
    with contextlib.suppress(BadRecipe):
        query.parse(text)
