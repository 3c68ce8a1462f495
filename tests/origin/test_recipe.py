from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from origin.recipe import Anchor, Colour, Extend, Gravity, OutputFormat, Recipe, Resize, ResizingType

_gravities = st.builds(
    Gravity,
    st.sampled_from(Anchor),
    st.floats(-100, 100).map(lambda value: value + 0.0),
    st.floats(-100, 100).map(lambda value: value + 0.0),
)
recipes = st.builds(
    Recipe,
    resize=st.builds(
        Resize,
        st.sampled_from(ResizingType),
        st.integers(0, 5000),
        st.integers(0, 5000),
        st.booleans(),
        st.builds(Extend, st.booleans(), _gravities),
    ),
    gravity=_gravities,
    dpr=st.floats(0.1, 8),
    auto_rotate=st.booleans(),
    background=st.none() | st.builds(Colour, st.integers(0, 255), st.integers(0, 255), st.integers(0, 255)),
    quality=st.none() | st.integers(1, 100),
    format=st.none() | st.sampled_from(OutputFormat),
    cachebuster=st.text(max_size=8),
)


@given(recipes, recipes)
def test_two_recipes_have_one_canonical_text_only_if_they_are_equal(one: Recipe, other: Recipe) -> None:
    assert (one.canonical() == other.canonical()) == (one == other)


def test_what_is_default_is_not_spelled() -> None:
    assert Recipe().canonical() == ""
    assert Recipe(quality=80, format=OutputFormat.PNG).canonical() == "format=png quality=80"


def test_no_text_can_pass_for_another_field() -> None:
    assert Recipe(cachebuster="1' quality=5").canonical() != replace(Recipe(cachebuster="1"), quality=5).canonical()


def test_media_types_are_the_registered_ones() -> None:
    assert OutputFormat.JPEG.media_type == "image/jpeg"
    assert OutputFormat.WEBP.media_type == "image/webp"
    assert OutputFormat.SVG.media_type == "image/svg+xml"
