import pytest

from origin.errors import BadRecipe
from origin.query import fields_of, parse, parse_recipe, unique
from origin.recipe import Encoding, OutputFormat, Recipe, Resize, ResizingType, Scheme, SourceRef


def test_a_query_means_the_same_as_a_path_would() -> None:
    source, recipe = parse(
        "url=https%3A%2F%2Fx.example%2Fa+b.jpg&width=300&height=200&fit=cover&quality=70&format=webp"
    )
    assert source == SourceRef(Scheme.HTTPS, "https://x.example/a b.jpg")
    assert recipe == Recipe(
        resize=Resize(ResizingType.FILL, 300, 200), encoding=Encoding(quality=70), format=OutputFormat.WEBP
    )


def test_quality_80_jpeg_and_contain_are_the_defaults() -> None:
    default = Recipe(resize=Resize(ResizingType.FIT, 300, 0), encoding=Encoding(quality=80), format=OutputFormat.JPEG)
    assert parse_recipe({"width": "300"}) == default
    assert parse_recipe({"width": "300", "quality": "", "format": "jpeg", "fit": "contain"}) == default


def test_fill_gives_up_the_ratio() -> None:
    assert parse_recipe({"fit": "fill"}).resize.type is ResizingType.FORCE


@pytest.mark.parametrize(
    ("text", "segment"),
    [
        ("width=300", ""),
        ("url=", ""),
        ("url=ftp://x/a", "ftp://x/a"),
        ("url=local:///a&width=-3", "width=-3"),
        ("url=local:///a&width=3&width=4", "width"),
        ("url=local:///a&quality=101", "quality=101"),
        ("url=local:///a&format=bmp", "format=bmp"),
        ("url=local:///a&fit=stretch", "fit=stretch"),
        ("url=local:///a&blur=3", "blur"),
    ],
)
def test_a_field_that_is_not_in_the_language_is_named(text: str, segment: str) -> None:
    with pytest.raises(BadRecipe) as refused:
        parse(text)
    assert refused.value.segment == segment


def test_a_query_that_is_not_utf8_or_endless_is_refused() -> None:
    with pytest.raises(BadRecipe):
        fields_of("url=%ff")
    with pytest.raises(BadRecipe):
        fields_of("&".join(f"a{index}=1" for index in range(100)))


def test_the_signature_is_no_field() -> None:
    assert fields_of("sig=x&width=1") == {"width": "1"}


def test_the_same_field_in_form_and_query_is_refused() -> None:
    with pytest.raises(BadRecipe):
        unique([("width", "1"), ("width", "1")])
