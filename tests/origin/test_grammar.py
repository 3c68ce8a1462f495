import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origin.errors import BadRecipe
from origin.grammar import OPTIONS, parse
from origin.recipe import (
    Anchor,
    Colour,
    Delivery,
    Extend,
    Gravity,
    OutputFormat,
    Recipe,
    Resize,
    ResizingType,
    Scheme,
    SourceRef,
)

SOURCE = "plain/local:///a.jpg"


def recipe(options: str) -> Recipe:
    return parse(f"/{options}/{SOURCE}").recipe


@pytest.mark.parametrize(
    ("options", "meant"),
    [
        ("rs:fill:300:200", Recipe(resize=Resize(ResizingType.FILL, 300, 200))),
        ("resize:fill-down:300:200:1", Recipe(resize=Resize(ResizingType.FILL_DOWN, 300, 200, enlarge=True))),
        ("rs:auto", Recipe(resize=Resize(ResizingType.AUTO))),
        ("rs::300", Recipe(resize=Resize(width_px=300))),
        ("s:300:200:T:f", Recipe(resize=Resize(width_px=300, height_px=200, enlarge=True))),
        (
            "rs:fit:300:200:0:1:no:0:5",
            Recipe(resize=Resize(width_px=300, height_px=200, extend=Extend(True, Gravity(Anchor.NORTH, 0, 5)))),
        ),
        ("w:300/h:0", Recipe(resize=Resize(width_px=300))),
        ("rt:force", Recipe(resize=Resize(ResizingType.FORCE))),
        ("el:true", Recipe(resize=Resize(enlarge=True))),
        ("g:sm", Recipe(gravity=Gravity(Anchor.SMART))),
        ("g:fp:0.25:1", Recipe(gravity=Gravity(Anchor.FOCAL_POINT, 0.25, 1))),
        ("g:no::5", Recipe(gravity=Gravity(Anchor.NORTH, 0, 5))),
        ("g:soea:-3:.5", Recipe(gravity=Gravity(Anchor.SOUTH_EAST, -3, 0.5))),
        ("dpr:2", Recipe(dpr=2.0)),
        ("dpr:1.5", Recipe(dpr=1.5)),
        ("q:1", Recipe(quality=1)),
        ("f:webp", Recipe(format=OutputFormat.WEBP)),
        ("ext:jpeg", Recipe(format=OutputFormat.JPEG)),
        ("ar:0", Recipe(auto_rotate=False)),
        ("bg:255:0:16", Recipe(background=Colour(255, 0, 16))),
        ("bg:FF0010", Recipe(background=Colour(255, 0, 16))),
        ("bg:f01", Recipe(background=Colour(255, 0, 17))),
        ("cb:a%2Fb", Recipe(cachebuster="a%2Fb")),
    ],
)
def test_options_mean_what_the_language_says(options: str, meant: Recipe) -> None:
    assert recipe(options) == meant


def test_every_alias_means_its_option() -> None:
    examples = {
        "resize": "fill:3:2",
        "size": "3:2",
        "resizing_type": "fill",
        "gravity": "no",
        "dpr": "2",
        "format": "png",
        "background": "f00",
        "filename": "a",
    }
    for option in OPTIONS:
        value = examples.get(option.name, "1")
        for alias in option.aliases:
            assert parse(f"/{alias}:{value}/{SOURCE}") == parse(f"/{option.name}:{value}/{SOURCE}")


def test_the_last_of_a_repeated_option_wins_and_order_does_not_matter() -> None:
    assert recipe("w:1/w:2") == recipe("w:2")
    assert recipe("rs:fill:1:2/w:3") == recipe("w:1/rs:fill:3:2")
    assert recipe("q:5/w:3/g:no") == recipe("g:no/w:3/q:5")


def test_an_empty_argument_keeps_what_was_there() -> None:
    assert recipe("w:100/rs:fill::50") == recipe("rs:fill:100:50")
    assert recipe("w:") == Recipe()


def test_what_belongs_to_the_answer_does_not_enter_the_recipe() -> None:
    request = parse(f"/exp:1893456000/fn:holiday/att:1/{SOURCE}")
    assert request.recipe == Recipe()
    assert request.delivery == Delivery("holiday", attachment=True, expires_at_s=1893456000)
    assert parse(f"/fn:aG9saWRheQ:1/{SOURCE}").delivery.filename == "holiday"


@pytest.mark.parametrize(
    ("segment", "reason"),
    [
        ("blur:5", "the option 'blur' is not known"),
        ("W:5", "the option 'W' is not known"),
        (":5", "the option '' is not known"),
        ("w:-1", "-1 is not at least 0"),
        ("w:1.5", "'1.5' is not a whole number"),
        ("w:\uff11", "is not a whole number"),
        ("w:1:2", "takes at most 1 arguments"),
        ("w:9999999999999999999", "is not a whole number"),
        ("rs:stretch:1:1", "'stretch' is not one of"),
        ("rs:fit:1:1:yes", "'yes' is not one of 1 t true 0 f false"),
        ("rs:fit:1:1:1:1:sm", "sm cannot say"),
        ("dpr:0", "0 is not above 0"),
        ("dpr:inf", "'inf' is not a number"),
        ("dpr:nan", "'nan' is not a number"),
        ("dpr:1e3", "'1e3' is not a number"),
        ("q:0", "0 is not from 1 to 100"),
        ("q:101", "101 is not from 1 to 100"),
        ("f:bmp", "'bmp' is not one of"),
        ("g:up", "'up' is not one of"),
        ("g:fp:0.5", "fp takes two shares"),
        ("g:fp:1.5:0", "lies outside the picture"),
        ("g:sm:1", "sm takes no offsets"),
        ("bg:256:0:0", "256 is not from 0 to 255"),
        ("bg:1:2", "neither R:G:B nor a hex colour"),
        ("bg:ggg", "neither R:G:B nor a hex colour"),
        ("exp:soon", "'soon' is not a whole number"),
        ("fn:***:1", "is not URL-safe base64"),
        ("att:maybe", "is not one of"),
    ],
)
def test_what_is_not_in_the_language_is_refused_and_named(segment: str, reason: str) -> None:
    with pytest.raises(BadRecipe) as refused:
        parse(f"/w:5/{segment}/{SOURCE}")
    assert refused.value.segment == segment
    assert reason in refused.value.reason


def b64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("written", "source"),
    [
        ("plain/https://x.example/a+b.jpg", SourceRef(Scheme.HTTPS, "https://x.example/a+b.jpg")),
        ("plain/http%3A%2F%2Fx.example%2Fa%3Fb%3Dc", SourceRef(Scheme.HTTP, "http://x.example/a?b=c")),
        ("plain/local:///a%40b.jpg", SourceRef(Scheme.LOCAL, "local:///a@b.jpg")),
        ("plain/local:///a%252Fb.jpg", SourceRef(Scheme.LOCAL, "local:///a%2Fb.jpg")),
        ("plain/local:///caf%C3%A9.jpg", SourceRef(Scheme.LOCAL, "local:///café.jpg")),
        ("plain/s3://bucket/key?7", SourceRef(Scheme.S3, "s3://bucket/key?7")),
        ("plain/HTTPS://X.example/a", SourceRef(Scheme.HTTPS, "https://X.example/a")),
        (b64("https://x.example/a.jpg"), SourceRef(Scheme.HTTPS, "https://x.example/a.jpg")),
        (b64("local:///é.jpg") + "==", SourceRef(Scheme.LOCAL, "local:///é.jpg")),
        ("bG9jYWw6/Ly8vYS5q/cGc", SourceRef(Scheme.LOCAL, "local:///a.jpg")),
    ],
)
def test_sources_are_decoded_once(written: str, source: SourceRef) -> None:
    assert parse(f"/w:1/{written}").source == source
    assert parse(f"/{written}").source == source


def test_an_extension_overrides_the_format_option() -> None:
    assert parse("/f:png/plain/local:///a.jpg@webp").recipe.format is OutputFormat.WEBP
    assert parse(f"/f:png/{b64('local:///a.jpg')}.avif").recipe.format is OutputFormat.AVIF
    assert parse("/f:png/plain/local:///a.jpg@").recipe.format is OutputFormat.PNG


@pytest.mark.parametrize(
    "rest",
    [
        "",
        "/",
        "/w:1",
        "/w:1/",
        "/plain",
        "/plain/",
        "/plain/a.jpg",
        "/plain/ftp://x/a",
        "/plain/file:///etc/passwd",
        "/plain/local://host/a",
        "/plain/local:///",
        "/plain/https://",
        "/plain/https:///a",
        "/plain/https://x/a@png@webp",
        "/plain/https://x/a@bmp",
        "/plain/https://x/%zz",
        "/plain/https://x/%ff",
        "/plain/https://x/%00",
        "/plain/https://x/%0d%0aHost:y",
        "/****",
        "/" + b64("local:///a") + ".png.webp",
        "/" + base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        "/-/" + b64("local:///a")[1:],
    ],
)
def test_what_names_no_source_is_refused(rest: str) -> None:
    with pytest.raises(BadRecipe):
        parse(rest)


@given(
    st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(lambda text: text.strip("/"))
)
def test_any_name_survives_plain_and_base64(name: str) -> None:
    source = f"local:///{name}"
    assert parse(f"/plain/{quote(source, safe='')}").source.url == source
    assert parse(f"/{b64(source)}").source.url == source
