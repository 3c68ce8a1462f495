import base64
from operator import attrgetter
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origin.errors import BadRecipe
from origin.grammar import MOST_OPTIONS, Dialect, parse, spell
from origin.options import BY_NAME, OPTIONS
from origin.recipe import (
    Anchor,
    AutoQuality,
    AutoQualityMethod,
    Colour,
    Crop,
    Delivery,
    Duotone,
    Effects,
    Encoding,
    Extend,
    Gravity,
    ImageRequest,
    JpegOptions,
    Metadata,
    Monochrome,
    OutputFormat,
    Padding,
    Pages,
    PngOptions,
    Recipe,
    Resize,
    ResizingType,
    Scheme,
    SourceRef,
    Subsample,
    Tighter,
    Trim,
    Unsharp,
    UnsharpMode,
    Watermark,
    WebpCompression,
    WebpOptions,
    WebpPreset,
)
from tests.recipes import deliveries, recipes

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
        ("q:1", Recipe(encoding=Encoding(quality=1))),
        ("f:webp", Recipe(format=OutputFormat.WEBP)),
        ("ext:jpeg", Recipe(format=OutputFormat.JPEG)),
        ("ar:0", Recipe(auto_rotate=False)),
        ("bg:255:0:16", Recipe(background=Colour(255, 0, 16))),
        ("bg:FF0010", Recipe(background=Colour(255, 0, 16))),
        ("bg:f01", Recipe(background=Colour(255, 0, 17))),
        ("cb:a%2Fb", Recipe(cachebuster="a%2Fb")),
        ("mw:10/mh:20", Recipe(resize=Resize(min_width_px=10, min_height_px=20))),
        ("z:2", Recipe(resize=Resize(zoom_x=2, zoom_y=2))),
        ("z:2:0.5", Recipe(resize=Resize(zoom_x=2, zoom_y=0.5))),
        ("ex:1:so", Recipe(resize=Resize(extend=Extend(True, Gravity(Anchor.SOUTH))))),
        ("exar:1", Recipe(resize=Resize(extend_aspect_ratio=Extend(True)))),
        ("c:100:0.5", Recipe(crop=Crop(100, 0.5))),
        ("c:100:0:nowe:3:4", Recipe(crop=Crop(100, 0, Gravity(Anchor.NORTH_WEST, 3, 4)))),
        ("t:10", Recipe(trim=Trim(10))),
        ("t:10:ff0000:1:0", Recipe(trim=Trim(10, Colour(255, 0, 0), equal_horizontal=True))),
        ("pd:1", Recipe(padding=Padding(1, 1, 1, 1))),
        ("pd:1:2", Recipe(padding=Padding(1, 2, 1, 2))),
        ("pd:1:2:3", Recipe(padding=Padding(1, 2, 3, 2))),
        ("pd::2::4", Recipe(padding=Padding(0, 2, 0, 4))),
        ("rot:-90", Recipe(rotate=270)),
        ("rot:720", Recipe()),
        ("fl:1:0", Recipe(flip_horizontal=True)),
        ("fl::1", Recipe(flip_vertical=True)),
        ("bl:1.5/sh:0.7/pix:8", Recipe(effects=Effects(blur=1.5, sharpen=0.7, pixelate_px=8))),
        ("ush:auto:0.5:12", Recipe(effects=Effects(unsharp=Unsharp(UnsharpMode.AUTO, 0.5, 12)))),
        ("br:-20/co:1.5/sa:0", Recipe(effects=Effects(brightness=-20, contrast=1.5, saturation=0))),
        ("mc:1:f00", Recipe(effects=Effects(monochrome=Monochrome(1, Colour(255, 0, 0))))),
        ("dt:0.5::fff", Recipe(effects=Effects(duotone=Duotone(0.5)))),
        ("wm:0.5", Recipe(watermark=Watermark(0.5))),
        ("wm:0.5:soea:10:20:0.2", Recipe(watermark=Watermark(0.5, Gravity(Anchor.SOUTH_EAST, 10, 20), scale=0.2))),
        ("wm:0.5:re:10:20", Recipe(watermark=Watermark(0.5, Gravity(Anchor.CENTRE, 10, 20), tiled=True))),
        ("wmt:aGVsbG8", Recipe(watermark=Watermark(text="hello"))),
        ("wmu:aHR0cHM6Ly94L2E", Recipe(watermark=Watermark(url="https://x/a"))),
        ("sm:0/kcr:0/scp:0", Recipe(metadata=Metadata(False, False, False))),
        (
            "fq:webp:70:jpg:60",
            Recipe(encoding=Encoding(format_quality=((OutputFormat.JPEG, 60), (OutputFormat.WEBP, 70)))),
        ),
        (
            "aq:size:30000:40:90",
            Recipe(encoding=Encoding(autoquality=AutoQuality(AutoQualityMethod.SIZE, 30000, 40, 90))),
        ),
        ("mb:5000", Recipe(encoding=Encoding(max_bytes=5000))),
        ("jpgo:1:0:::1:3", Recipe(encoding=Encoding(jpeg=JpegOptions(True, False, None, None, True, 3)))),
        ("pngo:1:1:64", Recipe(encoding=Encoding(png=PngOptions(True, True, 64)))),
        (
            "webpo:lossless:1:icon",
            Recipe(encoding=Encoding(webp=WebpOptions(WebpCompression.LOSSLESS, True, WebpPreset.ICON))),
        ),
        ("avifo:off", Recipe(encoding=Encoding(avif_subsample=Subsample.OFF))),
        ("f:best", Recipe(format=OutputFormat.BEST)),
        ("pg:2/pgs:3/da:1/dpi:300", Recipe(pages=Pages(2, 3, False, 300))),
        ("skp:png:jpeg", Recipe(skip_processing=(OutputFormat.JPEG, OutputFormat.PNG))),
        ("raw:1", Recipe(raw=True)),
        ("msr:1.5/msfs:10/maf:3/mrd:900", Recipe(tighter=Tighter(1.5, 10, 3, 900))),
    ],
)
def test_options_mean_what_the_language_says(options: str, meant: Recipe) -> None:
    assert recipe(options) == meant


def test_every_alias_means_its_option() -> None:
    for name, option in BY_NAME.items():
        assert BY_NAME[option.name] is option
        assert name == option.name or name in option.aliases
    names = [name for option in OPTIONS for name in (option.name, *option.aliases)]
    assert len(names) == len(set(names))


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
        ("blurr:5", "the option 'blurr' is not known"),
        ("pd:1:2:3:4:5", "takes at most 4 arguments"),
        ("pd:-1", "-1 is not from 0"),
        ("rot:45", "45 is not a multiple of 90"),
        ("wm:2", "2.0 is not from 0 to 1"),
        ("wm:1:sm", "'sm' is not one of"),
        ("mc:1:red", "not a hex colour"),
        ("fq:jpg", "come in pairs"),
        ("fq:jpg:0", "0 is not from 1 to 100"),
        ("aq:butteraugli", "is not one of"),
        ("wmt:%%%", "is not URL-safe base64"),
        ("z:0", "0 is not above 0"),
        ("c:-1:2", "-1.0 is not at least 0"),
        ("pr:none", "there is no such preset"),
        ("W:5", "the option 'W' is not known"),
        (":5", "the option '' is not known"),
        ("w:-1", "-1 is not at least 0"),
        ("w:1.5", "'1.5' is not a whole number"),
        ("w:\uff11", "is not a whole number"),
        ("w:1:2", "takes at most 1 arguments"),
        ("w:9999999999999999999", "is not a whole number"),
        ("rs:stretch:1:1", "'stretch' is not one of"),
        ("rs:fit:1:1:yes", "'yes' is not one of 1 t true 0 f false"),
        ("rs:fit:1:1:1:1:sm", "'sm' is not one of"),
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
    assert refused.value.segment in (segment, segment.partition(":")[2])
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


def test_every_place_of_the_table_is_one_that_exists() -> None:
    draft = SimpleNamespace(recipe=Recipe(), delivery=Delivery(), fallback="")
    for option in OPTIONS:
        for field in option.fields:
            for place in field.places:
                attrgetter(place)(draft)


@given(recipes, deliveries, st.none() | st.just(SourceRef(Scheme.HTTPS, "https://x/fallback.jpg")))
def test_whatever_can_be_asked_can_be_spelled_and_parsed_back(
    asked: Recipe, delivery: Delivery, fallback: SourceRef | None
) -> None:
    request = ImageRequest(SourceRef(Scheme.LOCAL, "local:///a b@c.jpg"), asked, delivery, fallback)
    assert parse(spell(request)) == request


def test_spelling_leaves_out_what_is_default() -> None:
    assert spell(parse(f"/rs:fit:0:0:0/g:ce/dpr:1/el:0/ar:1/{SOURCE}")) == f"/{SOURCE}"


PRESETS = Dialect({"thumb": ("rs:fill:100:100", "q:60"), "sharp": ("sh:0.5", "pr:thumb"), "default": ("q:90",)})


def test_a_preset_is_expanded_where_it_stands() -> None:
    assert parse(f"/pr:thumb/w:200/{SOURCE}", PRESETS).recipe == recipe("rs:fill:200:100/q:60")
    assert parse(f"/w:200/pr:thumb/{SOURCE}", PRESETS).recipe == recipe("rs:fill:100:100/q:60")
    assert parse(f"/preset:sharp/{SOURCE}", PRESETS).recipe == recipe("sh:0.5/rs:fill:100:100/q:60")


def test_the_default_preset_goes_before_everything() -> None:
    assert parse(f"/{SOURCE}", PRESETS).recipe == recipe("q:90")
    assert parse(f"/q:50/{SOURCE}", PRESETS).recipe == recipe("q:50")


def test_only_presets_means_only_presets() -> None:
    dialect = Dialect(dict(PRESETS.presets), only_presets=True)
    for written in ("thumb", "pr:thumb", "preset:thumb"):
        assert parse(f"/{written}/{SOURCE}", dialect).recipe == recipe("rs:fill:100:100/q:60")
    assert parse(f"/thumb:sharp/{SOURCE}", dialect).recipe.effects.sharpen == 0.5
    for written in ("w:5", "thumb/w:5", "nothing"):
        with pytest.raises(BadRecipe):
            parse(f"/{written}/{SOURCE}", dialect)


def test_an_option_that_is_not_allowed_is_refused_in_a_url_and_not_in_a_preset() -> None:
    dialect = Dialect({"thumb": ("q:60",)}, allowed=frozenset({"width", "preset"}))
    assert parse(f"/w:5/pr:thumb/{SOURCE}", dialect).recipe == recipe("w:5/q:60")
    with pytest.raises(BadRecipe, match="not switched on"):
        parse(f"/quality:5/{SOURCE}", dialect)


@pytest.mark.parametrize(
    "presets",
    [
        {"a": ("pr:a",)},
        {"a": ("pr:b",), "b": ("pr:c",), "c": ("pr:a",)},
        {"a": ("pr:none",)},
        {"a": ("w:x",)},
        {"a": ("nothing",)},
        {"a": ("w:1",) * (MOST_OPTIONS + 1)},
        # Twelve lines of settings that are two to the twelfth options.
        {"a0": ("w:1",)} | {f"a{level + 1}": (f"pr:a{level}:a{level}",) for level in range(12)},
    ],
)
def test_presets_that_cannot_work_are_refused_at_the_start(presets: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(BadRecipe):
        Dialect(presets)


def test_a_url_has_so_many_options_and_no_more() -> None:
    most = [f"w:{number}" for number in range(MOST_OPTIONS)]
    assert parse(f"/{'/'.join(most)}/{SOURCE}").recipe == recipe(most[-1])
    with pytest.raises(BadRecipe, match="'w:0': there are more than 256 options"):
        parse(f"/{'/'.join(most)}/w:0/{SOURCE}")


def test_presets_do_not_multiply_what_a_url_may_have() -> None:
    dialect = Dialect({"a": ("w:1",) * 100})
    assert parse(f"/pr:a:a/{SOURCE}", dialect).recipe == recipe("w:1")
    for written in ("pr:a:a:a", f"pr{2000 * ':a'}"):
        with pytest.raises(BadRecipe, match="more than 256 options"):
            parse(f"/{written}/{SOURCE}", dialect)
    only = Dialect(dict(dialect.presets), only_presets=True)
    with pytest.raises(BadRecipe, match="more than 256 options"):
        parse(f"/a:a:a/{SOURCE}", only)


def test_an_option_that_stands_twice_is_what_it_was_last_in_each_of_its_places() -> None:
    assert parse(f"/rs:fill:1:2:1/wm:0.5:ce:3:4/w:7/s::8/wm:0.6/{SOURCE}").recipe == recipe(
        "rs:fill:7:8:1/wm:0.6:ce:3:4"
    )
