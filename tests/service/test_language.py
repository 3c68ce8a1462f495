"""The rest of the language, from the socket to the pixels and back."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import pyvips

from origin.client import path_for, sign_path
from tests.pictures import BLUE, GREEN, GREY, RED, decoded, encoded, jpeg, near, png, quarters, transparent_png
from tests.service.conftest import RING, Reply, Service
from tests.webserver import SourceServer

CHROME = "image/avif,image/webp,*/*"


def b64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def frames(count: int, suffix: str = ".gif", side_px: int = 40) -> bytes:
    """An animation whose frames get lighter, 70 ms each, three times round."""
    made = [(pyvips.Image.black(side_px, side_px, bands=3) + 20 * number).cast("uchar") for number in range(count)]
    joined = pyvips.Image.arrayjoin([frame.copy(interpretation="srgb") for frame in made], across=1).copy()
    joined.set_type(pyvips.GValue.gint_type, "page-height", side_px)
    joined.set_type(pyvips.GValue.array_int_type, "delay", [70] * count)
    joined.set_type(pyvips.GValue.gint_type, "loop", 3)
    return encoded(joined, suffix, lossless=True) if suffix == ".webp" else encoded(joined, suffix)


DRAWING = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><script>alert(1)</script>'
    '<rect width="20" height="20" fill="#c81e1e"/></svg>'
)


@pytest.fixture(scope="module")
def speaking(tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> Iterator[Service]:
    """A service with everything switched on."""
    (pictures / "photo.jpg").write_bytes(jpeg(400, 300))
    (pictures / "sideways.jpg").write_bytes(jpeg(400, 300, orientation=6))
    (pictures / "logo.png").write_bytes(transparent_png(200, 100))
    (pictures / "moving.gif").write_bytes(frames(5))
    (pictures / "moving.webp").write_bytes(frames(5, ".webp"))
    (pictures / "drawing.svg").write_text(DRAWING)
    bordered = quarters(60, 40).embed(20, 10, 100, 80, extend="background", background=[255, 255, 255])
    (pictures / "bordered.png").write_bytes(encoded(bordered))
    (pictures / "text.txt").write_text("no picture")
    mark = tmp_path_factory.mktemp("mark") / "mark.png"
    mark.write_bytes(png(20, 20))
    environ = {
        "BLENDBEAT_LOCAL_ROOT": str(pictures),
        "BLENDBEAT_PRESETS": "thumb=rs:fill:60:60/q:50,default=cb:all",
        "BLENDBEAT_SVG": "1",
        "BLENDBEAT_WATERMARK": str(mark),
        "BLENDBEAT_AUTO_FORMATS": "avif,webp",
    }
    running = Service(tmp_path_factory.mktemp("speaking") / "log", environ)
    yield running
    assert running.stop() == 0
    assert "Traceback" not in running.log.read_text()


def picture(reply: Reply) -> pyvips.Image:
    assert reply.status == 200, reply.body
    return decoded(reply.body)


def size(reply: Reply) -> tuple[int, int]:
    image = picture(reply)
    return image.width, image.height


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("c:100:100:nowe", (100, 100)),
        ("c:0.5:0.5/w:100", (100, 75)),
        ("z:0.5/w:200", (100, 75)),
        ("mw:300", (400, 300)),
        ("mw:300/h:75", (300, 75)),  # scaled up to the least width, then cropped to the box
        ("mw:300/w:100", (100, 225)),
        ("rot:90/w:150", (150, 200)),
        ("ex:1/s:500:500", (500, 500)),
        ("exar:1/s:100:200", (100, 200)),
        ("pd:10:20/w:100", (140, 95)),
        ("mrd:50", (50, 38)),
        ("pr:thumb", (60, 60)),
        ("w:100/bl:2/sh:1/pix:4/br:10/co:1.2/sa:0.5/mc:0.5:f00/dt:0.2/ush:always", (100, 75)),
    ],
)
def test_every_geometry_has_its_size(speaking: Service, options: str, expected: tuple[int, int]) -> None:
    assert size(speaking.get("local:///photo.jpg", *options.split("/"), extension="png")) == expected


@pytest.mark.parametrize(
    ("options", "corners"),
    [
        ("c:100:100:nowe", (RED, RED, RED, RED)),
        ("c:200:0:ea", (GREEN, GREEN, GREY, GREY)),
        ("rot:90", (BLUE, RED, GREY, GREEN)),
        ("rot:180", (GREY, BLUE, GREEN, RED)),
        ("fl:1", (GREEN, RED, GREY, BLUE)),
        ("fl:0:1", (BLUE, GREY, RED, GREEN)),
        ("rot:90/c:0.4:0.4:nowe", (BLUE, BLUE, BLUE, BLUE)),
        ("rot:90/rs:fill:40:40/g:soea/c:0.4:0.4:soea", (GREEN, GREEN, GREEN, GREEN)),
    ],
)
def test_turned_mirrored_and_cut_as_a_person_would_expect(
    speaking: Service, options: str, corners: tuple[tuple[int, ...], ...]
) -> None:
    image = picture(speaking.get("local:///photo.jpg", *options.split("/"), extension="png"))
    right, bottom = image.width - 6, image.height - 6
    for (x, y), colour in zip(((5, 5), (right, 5), (5, bottom), (right, bottom)), corners, strict=True):
        assert near(image, x, y, colour, tolerance=16), (x, y, image(x, y), colour)


def test_sizes_are_meant_in_the_upright_picture(speaking: Service) -> None:
    # Stored 400 x 300 with orientation 6, so seen as 300 x 400 with blue in the upper left.
    image = picture(speaking.get("local:///sideways.jpg", "c:150:200:nowe", extension="png"))
    assert (image.width, image.height) == (150, 200)
    assert near(image, 5, 5, BLUE)
    assert near(image, 140, 190, BLUE, tolerance=16)


def test_a_uniform_border_is_cut_off(speaking: Service) -> None:
    image = picture(speaking.get("local:///bordered.png", "t:10", extension="png"))
    assert (image.width, image.height) == (60, 40)
    assert near(image, 2, 2, RED)


def test_a_watermark_lies_where_it_is_asked(speaking: Service) -> None:
    image = picture(speaking.get("local:///photo.jpg", "wm:1:soea:5:5", extension="png"))
    assert near(image, 400 - 5 - 18, 300 - 5 - 18, RED)
    assert near(image, 300, 200, GREY)
    tiled = picture(speaking.get("local:///photo.jpg", "wm:1:re", extension="png"))
    assert near(tiled, 222, 222, RED, tolerance=60) or not near(tiled, 222, 222, GREY)
    text = picture(speaking.get("local:///photo.jpg", "wm:1:ce", f"wmt:{b64('HELLO')}", extension="png"))
    plain = picture(speaking.get("local:///photo.jpg", extension="png"))
    assert (text - plain).abs().max() > 60


def test_a_watermark_of_the_url_is_fetched_once(speaking: Service) -> None:
    with SourceServer({"/mark.png": png(20, 20)}) as source:
        option = f"wmu:{b64(source.url('/mark.png'))}"
        for width in (200, 210, 220):
            image = picture(speaking.get("local:///photo.jpg", f"w:{width}", "wm:1:nowe", option, extension="png"))
            assert near(image, 15, 15, GREY)
        assert source.count("/mark.png") == 1


@pytest.mark.parametrize("name", ["moving.gif", "moving.webp"])
@pytest.mark.parametrize("extension", ["gif", "webp"])
def test_an_animation_stays_one(speaking: Service, name: str, extension: str) -> None:
    reply = speaking.get(f"local:///{name}", "rs:fill:20:10", extension=extension)
    strip = pyvips.Image.new_from_buffer(reply.body, "", n=-1)
    assert (strip.get("n-pages"), strip.get("page-height"), strip.width) == (5, 10, 20)
    assert strip.get("delay") == [70] * 5
    assert strip.get("loop") == 3
    tones = [strip(10, 10 * page + 5)[0] for page in range(5)]
    assert tones == sorted(tones)
    assert tones[4] - tones[0] > 60


def test_an_animation_becomes_a_still_where_it_must(speaking: Service) -> None:
    for options, extension in (("da:1", "gif"), ("w:20", "jpg"), ("w:20", "png"), ("maf:1", "webp")):
        body = speaking.get("local:///moving.gif", options, extension=extension).body
        assert pyvips.Image.new_from_buffer(body, "").get_typeof("n-pages") == 0 or (
            pyvips.Image.new_from_buffer(body, "").get("n-pages") == 1
        )
    later = picture(speaking.get("local:///moving.gif", "pg:4", "da:1", extension="png"))
    assert later(5, 5)[0] > 70
    short = speaking.get("local:///moving.gif", "maf:2", extension="gif").body
    assert pyvips.Image.new_from_buffer(short, "", n=-1).get("n-pages") == 2


def test_a_drawing_is_drawn_and_never_run(speaking: Service) -> None:
    image = picture(speaking.get("local:///drawing.svg", "w:400", extension="png"))
    assert (image.width, image.height) == (400, 200)
    assert near(image, 100, 100, RED)
    reply = speaking.get("local:///drawing.svg", extension="svg")
    assert reply.headers["content-type"] == "image/svg+xml"
    assert "sandbox" in reply.headers["content-security-policy"]
    assert b"script" not in reply.body
    raw = speaking.get("local:///drawing.svg", "raw:1")
    assert raw.body == DRAWING.encode()
    assert "sandbox" in raw.headers["content-security-policy"]


def test_a_drawing_is_415_where_it_is_not_switched_on(service: Service, speaking: Service) -> None:
    assert speaking.get("local:///drawing.svg", "w:10").status == 200
    for options in (["w:10"], ["raw:1"], ["skp:svg"], ["f:svg"]):
        assert service.get("local:///drawing.svg", *options).problem["status"] == 415


def test_best_is_the_smallest_that_the_client_reads(speaking: Service) -> None:
    modern = speaking.get("local:///photo.jpg", "w:300", "f:best", Accept=CHROME)
    plain = speaking.get("local:///photo.jpg", "w:300", "f:best", Accept="*/*")
    assert modern.headers["vary"] == plain.headers["vary"] == "Accept"
    assert plain.headers["content-type"] in ("image/jpeg", "image/png")
    assert len(modern.body) <= len(plain.body)
    assert size(modern) == size(plain) == (300, 225)


def test_a_source_can_pass_as_it_is(speaking: Service, pictures: Path) -> None:
    original = (pictures / "photo.jpg").read_bytes()
    raw = speaking.get("local:///photo.jpg", "w:10", "raw:1")
    assert (raw.body, raw.headers["content-type"]) == (original, "image/jpeg")
    assert "vary" not in raw.headers
    skipped = speaking.get("local:///photo.jpg", "w:10", "skp:jpg", Accept="*/*")
    assert skipped.body == original
    assert size(speaking.get("local:///photo.jpg", "w:10", "skp:png", Accept="*/*")) == (10, 8)
    text = speaking.get("local:///text.txt", "raw:1")
    assert text.headers["content-type"] == "application/octet-stream"
    assert "sandbox" in text.headers["content-security-policy"]
    assert text.headers["content-disposition"] == 'attachment; filename="text"'
    assert raw.headers["content-disposition"] == 'inline; filename="photo.jpg"'
    page = speaking.get("local:///text.txt", "raw:1", "fn:evil.html")
    assert page.headers["content-disposition"] == 'attachment; filename="evil.html"'


def test_max_bytes_and_autoquality_keep_their_word(speaking: Service, pictures: Path) -> None:
    noise = pyvips.Image.gaussnoise(300, 300, mean=128, sigma=40).cast("uchar").gaussblur(0.6)
    (pictures / "noise.png").write_bytes(encoded(noise.bandjoin([noise, noise]).copy(interpretation="srgb")))
    assert len(speaking.get("local:///noise.png", "mb:12000", extension="jpg").body) <= 12000
    assert len(speaking.get("local:///noise.png", "aq:size:9000:1:90", extension="webp").body) <= 9000


def test_a_picture_that_was_only_encoded_anew_is_not_larger_than_it_came(speaking: Service, pictures: Path) -> None:
    small = encoded(decoded((pictures / "photo.jpg").read_bytes()), ".jpg", Q=20)
    (pictures / "small.jpg").write_bytes(small)
    assert len(speaking.get("local:///small.jpg", extension="jpg").body) <= len(small)


def test_a_failing_source_is_stood_for_for_seconds(speaking: Service) -> None:
    option = f"fiu:{b64('local:///logo.png')}"
    reply = speaking.get("local:///gone.jpg", "w:50", option, extension="png")
    assert size(reply) == (50, 25)
    assert reply.headers["cache-control"] == "public, max-age=10"
    assert speaking.get("local:///gone.jpg", "w:50", extension="png").status == 404
    assert size(speaking.get("local:///text.txt", "w:51", option, extension="png")) == (51, 26)
    assert speaking.get("local:///photo.jpg", "w:51", "msfs:10", option, extension="png").status == 422


def info(service: Service, source: str, *options: str) -> Reply:
    return service.ask("GET", "/info" + sign_path(RING, path_for(source, options)))


def test_info_tells_what_is_known(speaking: Service) -> None:
    reply = info(speaking, "local:///sideways.jpg")
    told = json.loads(reply.body)
    assert reply.headers["content-type"] == "application/json"
    assert (told["format"], told["mime_type"], told["width"], told["height"]) == ("jpg", "image/jpeg", 300, 400)
    assert (told["orientation"], told["has_alpha"], told["pages"]) == (6, False, 1)
    for name in ("bytes", "exif", "average_colour", "dominant_colours", "blurhash", "thumbhash"):
        assert told[name] is not None
    assert json.loads(info(speaking, "local:///moving.gif").body)["animation"]["frames"] == 5


def test_info_is_signed_cached_and_not_a_picture(speaking: Service) -> None:
    first, second = info(speaking, "local:///logo.png"), info(speaking, "local:///logo.png", "w:5")
    assert second.headers["cache-status"].startswith("blendbeat; hit")
    assert second.headers["etag"] == first.headers["etag"]
    path = path_for("local:///logo.png")
    assert speaking.ask("GET", f"/info/wrong{path}").status == 403
    assert info(speaking, "local:///text.txt").problem["status"] == 415
    assert info(speaking, "local:///none.jpg").problem["status"] == 404
    line = speaking.lines()[-1]
    assert line["target"].startswith("/info/-/")


@pytest.mark.parametrize(
    ("options", "slug"),
    [
        ("wm:1/wmu:" + b64("local:///none.png"), "source-missing"),
        ("wm:1/wmu:" + b64("local:///text.txt"), "not-an-image"),
        ("wmu:" + b64("nonsense") + "/wm:1", "bad-recipe"),
        ("fiu:" + b64("nonsense"), "bad-recipe"),
        ("msfs:100", "too-costly"),
        ("msr:0.01", "too-costly"),
        ("f:svg", "cannot-write"),
        ("f:heic", "cannot-write"),
        ("pr:nothing", "bad-recipe"),
    ],
)
def test_what_cannot_be_done_is_said(speaking: Service, options: str, slug: str) -> None:
    reply = speaking.get("local:///photo.jpg", *options.split("/"))
    assert reply.problem["type"] == f"urn:blendbeat:problem:{slug}", reply.body


def test_a_watermark_that_is_not_configured_is_the_caller_s_mistake(service: Service, speaking: Service) -> None:
    assert speaking.get("local:///photo.jpg", "wm:1").status == 200
    assert service.get("local:///photo.jpg", "wm:1").problem["status"] == 400
