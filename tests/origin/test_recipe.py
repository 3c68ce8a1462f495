from dataclasses import replace

from hypothesis import given

from origin.recipe import Encoding, OutputFormat, Recipe
from tests.recipes import recipes


@given(recipes, recipes)
def test_two_recipes_have_one_canonical_text_only_if_they_are_equal(one: Recipe, other: Recipe) -> None:
    assert (one.canonical() == other.canonical()) == (one == other)


def test_what_is_default_is_not_spelled() -> None:
    assert Recipe().canonical() == ""
    assert (
        Recipe(encoding=Encoding(quality=80), format=OutputFormat.PNG).canonical() == "encoding.quality=80 format=png"
    )


def test_no_text_can_pass_for_another_field() -> None:
    assert Recipe(cachebuster="1' dpr=5").canonical() != replace(Recipe(cachebuster="1"), dpr=5).canonical()


def test_media_types_are_the_registered_ones() -> None:
    assert OutputFormat.JPEG.media_type == "image/jpeg"
    assert OutputFormat.WEBP.media_type == "image/webp"
    assert OutputFormat.SVG.media_type == "image/svg+xml"
