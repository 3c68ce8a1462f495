"""Drawings draw what they drew, and nothing else happens."""

import base64
import http.server
import threading
import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest
import pyvips
from hypothesis import given
from hypothesis import strategies as st

from origin.errors import BrokenImage, OriginError, TooCostly
from origin.imaging.svg import MOST_BYTES, MOST_DEPTH, harmless_css, sanitised
from tests import pictures

NAMESPACES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def drawing(inside: str, attributes: str = 'width="40" height="40"') -> bytes:
    return f"<svg {NAMESPACES} {attributes}>{inside}</svg>".encode()


def drawn(body: bytes) -> pyvips.Image:
    return pyvips.Image.svgload_buffer(sanitised(body)).copy_memory()


RICH = """
  <title>Shapes &amp; more</title>
  <style>.soft { fill: url(#shade) } #dot { stroke: #00f }</style>
  <defs>
    <linearGradient id="shade"><stop offset="0" stop-color="red"/><stop offset="1" stop-color="blue"/></linearGradient>
    <linearGradient id="again" xlink:href="#shade" gradientTransform="rotate(90)"/>
    <clipPath id="cut"><circle cx="30" cy="30" r="8"/></clipPath>
    <filter id="blur"><feGaussianBlur stdDeviation="1"/></filter>
    <symbol id="sign" viewBox="0 0 10 10"><path d="M0 0h10v10z" fill="green"/></symbol>
  </defs>
  <rect class="soft" width="20" height="20"/>
  <rect x="20" width="20" height="20" style="fill:url('#again');opacity:.5"/>
  <g clip-path="url(#cut)" transform="translate(1 1)"><rect x="20" y="20" width="20" height="20" fill="#fc0"/></g>
  <use href="#sign" x="2" y="22" width="10" height="10" filter="url(#blur)"/>
  <circle id="dot" cx="6" cy="34" r="3" fill="none"/>
  <text x="12" y="38" font-size="8" xml:space="preserve">a  b</text>
  <switch>
    <foreignObject requiredExtensions="x"><p/></foreignObject>
    <g><rect x="36" y="36" width="4" height="4"/></g>
  </switch>
"""


def test_what_is_left_draws_as_before() -> None:
    body = drawing(RICH)
    before = pyvips.Image.svgload_buffer(body)
    assert (before - drawn(body)).abs().max() == 0
    assert before.avg() > 20


def test_a_second_time_changes_nothing() -> None:
    once = sanitised(drawing(RICH))
    assert sanitised(once) == once


def test_another_prefix_and_another_encoding_draw_the_same() -> None:
    prefixed = '<?xml version="1.0" encoding="{0}"?><s:svg xmlns:s="http://www.w3.org/2000/svg" width="9" height="9">'
    prefixed += '<s:rect id="ä" width="9" height="9" fill="red"/></s:svg>'
    for encoding in ("utf-8", "utf-16", "iso-8859-1", "windows-1252"):
        assert pictures.near(drawn(prefixed.format(encoding).encode(encoding)), 4, 4, (255, 0, 0, 255))


def test_a_document_type_is_dropped_and_one_that_declares_is_refused() -> None:
    public = b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">'
    assert b"DOCTYPE" not in sanitised(public + drawing("<text>&nbsp;</text>"))
    for declaration in (
        '<!ENTITY a "b">',
        '<!ENTITY a SYSTEM "file:///etc/hostname">',
        '<!ENTITY % a SYSTEM "file:///etc/hostname"> %a;',
        '<!ATTLIST rect onclick CDATA "run()">',
    ):
        with pytest.raises(BrokenImage, match="declares"):
            sanitised(f"<!DOCTYPE svg [{declaration}]>".encode() + drawing("<text>&a;</text>"))


@pytest.mark.parametrize(
    "inside",
    [
        "<script>run()</script>",
        "<x:script xmlns:x='http://www.w3.org/2000/svg'>run()</x:script>",
        "<script xmlns='http://www.w3.org/1999/xhtml'>run()</script>",
        "<g><script><rect/></script></g>",
        "<rect onclick='run()'/>",
        "<rect ONCLICK='run()'/>",
        "<a href='javascript:run()'><rect/></a>",
        "<a xlink:href=' java&#10;script:run()'><rect/></a>",
        "<set attributeName='href' to='javascript:run()'/>",
        "<animate attributeName='xlink:href' values='javascript:run()'/>",
        "<foreignObject><body xmlns='http://www.w3.org/1999/xhtml' onload='run()'/></foreignObject>",
        "<handler type='text/javascript'>run()</handler>",
        "<?xml-stylesheet href='http://evil.example/run'?>",
        "<!-- run -->",
        "<metadata>run</metadata>",
    ],
)
def test_what_runs_is_gone(inside: str) -> None:
    assert b"run" not in sanitised(drawing(inside))


@pytest.mark.parametrize(
    "inside",
    [
        "<image href='{0}' width='40' height='40'/>",
        "<image xlink:href='{0}' width='40' height='40'/>",
        "<image href='#a' xlink:href='{0}' width='40' height='40'/>",
        "<use href='{0}#a'/>",
        "<filter id='f'><feImage href='{0}'/></filter><rect width='40' height='40' filter='url(#f)'/>",
        "<rect width='40' height='40' fill='url({0}#a)'/>",
        "<rect width='40' height='40' fill='url( &quot;{0}#a&quot; )'/>",
        "<rect width='40' height='40' style='fill:URL({0}#a)'/>",
        r"<rect width='40' height='40' style='fill:u\72 l({0}#a)'/>",
        r"<rect width='40' height='40' style='fill:url(#a\29 ;mask:url({0})'/>",
        "<style>@import url({0});</style>",
        "<style>@IMPORT '{0}';</style>",
        r"<style>@\69mport '{0}';</style>",
        "<style>rect {{}}<g>@import '{0}';</g></style>",
        "<style>@imp<title>rect</title>ort '{0}';</style>",
        "<style>/* */@import/* */'{0}'/* </style>",
        "<style>rect {{ mask: image-set('{0}' 1x) }}</style>",
        "<style><![CDATA[ @font-face {{ src: url('{0}') }} ]]></style>",
        "<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='{0}' parse='text'/>",
        "<linearGradient id='g' href='{0}#g'/>",
        "<g xml:base='{0}'><use href='#a'/></g>",
    ],
)
@pytest.mark.parametrize("address", ["file:///etc/hostname", "http://evil.example/a", "//evil.example/a", "evil.png"])
def test_what_fetches_is_gone(inside: str, address: str) -> None:
    clean = sanitised(drawing(inside.format(address)))
    assert b"evil" not in clean
    assert b"hostname" not in clean


def test_nothing_is_fetched_while_drawing(tmp_path: Path) -> None:
    asked: list[str] = []

    class Listening(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    secret = tmp_path / "secret.png"
    secret.write_bytes(pictures.png())
    with http.server.HTTPServer(("127.0.0.1", 0), Listening) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for address in (secret.as_uri(), str(secret), f"http://127.0.0.1:{server.server_port}/a.png"):
            image = drawn(drawing(f"<image href='{address}' xlink:href='{address}' width='40' height='40'/>"))
            assert image.max() == 0
        server.shutdown()
    assert asked == []


@pytest.mark.parametrize(("suffix", "kind"), [(".png", "png"), (".jpg", "jpeg"), (".jpg", "jpg")])
def test_an_embedded_picture_is_drawn(suffix: str, kind: str) -> None:
    data = base64.encodebytes(pictures.encoded(pictures.quarters(), suffix)).decode()
    for href in ("href", "xlink:href"):
        image = drawn(drawing(f"<image {href}='data:image/{kind};base64,{data}' width='40' height='40'/>"))
        assert pictures.near(image, 5, 5, (*pictures.RED, 255), tolerance=20)
        assert pictures.near(image, 5, 35, (*pictures.BLUE, 255), tolerance=20)


@pytest.mark.parametrize(("suffix", "kind"), [(".webp", "webp"), (".gif", "gif")])
def test_an_embedded_picture_that_only_browsers_draw_is_kept_for_them(suffix: str, kind: str) -> None:
    data = base64.b64encode(pictures.encoded(pictures.quarters(), suffix)).decode()
    assert f"data:image/{kind};base64,{data}".encode() in sanitised(
        drawing(f"<image href='data:image/{kind};base64,{data}' width='40' height='40'/>")
    )


@pytest.mark.parametrize(
    "data",
    [
        "image/svg+xml;base64," + base64.b64encode(drawing("<rect/>")).decode(),
        "image/png;base64," + base64.b64encode(drawing("<rect/>")).decode(),
        "image/png;base64," + base64.b64encode(pictures.encoded(pictures.quarters(), ".tif")).decode(),
        "image/png;base64,!!!!",
        "image/png;base64,iVBORw0KGgo=",
        "image/png,plain",
        "text/html;base64,AAAA",
    ],
)
def test_another_embedded_thing_is_not(data: str) -> None:
    assert b"data:" not in sanitised(drawing(f"<image href='data:{data}' width='40' height='40'/>"))


def test_an_embedded_picture_of_many_pixels_is_too_costly() -> None:
    data = base64.b64encode(pictures.encoded(pyvips.Image.black(9000, 9000))).decode()
    with pytest.raises(TooCostly):
        sanitised(drawing(f"<image href='data:image/png;base64,{data}'/>"))


def nested(levels: int, times: int, link: str, group: str = "g") -> bytes:
    """*times* to the power of *levels* rectangles in few bytes."""
    inner = ["<rect width='3' height='3'/>", *(link.format(level) * times for level in range(levels))]
    groups = [f'<{group} id="l{level}">{inside}</{group}>' for level, inside in enumerate(inner)]
    rules = "".join(f".by{level}, x {{ fill: url(#l{level}) }}" for level in range(levels + 1))
    return drawing(f"<style>{rules}</style><defs>{''.join(groups)}</defs>" + link.format(levels))


LINKS = [
    ('<use href="#l{0}"/>', "g"),
    ('<use xlink:href=" #l{0}"/>', "symbol"),
    ('<rect width="9" height="9" fill="url(#l{0})"/>', "pattern"),
    ("<rect width='9' height='9' style='stroke: URL(\"#l{0}\")'/>", "pattern"),
    ('<rect width="9" height="9" mask="url(#l{0})"/>', "mask"),
    ('<rect width="9" height="9" class="a by{0}"/>', "pattern"),
]


@pytest.mark.parametrize(("link", "group"), LINKS)
def test_references_that_multiply_are_refused_before_anything_is_drawn(link: str, group: str) -> None:
    assert sanitised(nested(3, 10, link, group))
    with pytest.raises(TooCostly):
        sanitised(nested(9, 10, link, group))


def test_references_of_style_sheets_are_kept_once_however_many_selectors_they_have() -> None:
    def ruled(selectors: int, references: int, elements: int = 1) -> bytes:
        names = ",".join(f".a{number}" for number in range(selectors))
        return drawing(f"<style>{names}{{fill:{'url(#a) ' * references}}}</style>{'<g/>' * elements}")

    tracemalloc.start()
    try:
        assert sanitised(ruled(9_000, 9_000))
        for body in (ruled(30_000, 30_000), ruled(1, 300_000), ruled(300_000, 1)):
            with pytest.raises(TooCostly, match="style sheets"):
                sanitised(body)
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "inside",
    [
        f"<g class='{'a ' * 1_000_000}'/>",
        f"<g fill='{'url(#a)' * 600_000}'/>",
        f"<style>.a{{fill:{'url(#a)' * 10_000}}}</style>" + "<g class='a'/>" * 1000,
        f"<style>{'.a{fill:url(#a)}' * 9_000}</style>" + "<g class='a'/>" * 1000,
    ],
)
def test_names_and_references_have_an_end(inside: str) -> None:
    with pytest.raises(TooCostly):
        sanitised(drawing(inside))


def test_references_to_references_end_somewhere() -> None:
    link = '<use href="#l{0}"/>'
    assert drawn(nested(40, 1, link)).max() > 0
    with pytest.raises(TooCostly):
        sanitised(nested(2000, 1, link))


def test_a_circle_of_references_is_left_to_the_renderer_which_stops() -> None:
    circle = '<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g><rect width="9" height="9" fill="red"/>'
    assert pictures.near(drawn(drawing(circle)), 4, 4, (255, 0, 0, 255))


def test_filters_weigh_more_than_shapes() -> None:
    blurred = '<filter id="f"><feGaussianBlur stdDeviation="50"/></filter>' + '<rect filter="url(#f)"/>' * 300
    with pytest.raises(TooCostly):
        sanitised(drawing(blurred))
    assert sanitised(drawing(blurred.replace("feGaussianBlur", "feFoo")))


def test_size_depth_and_number_have_an_end() -> None:
    with pytest.raises(TooCostly, match="bytes"):
        sanitised(drawing("<!--" + " " * MOST_BYTES + "-->"))
    with pytest.raises(TooCostly, match="levels"):
        sanitised(drawing("<g>" * MOST_DEPTH + "</g>" * MOST_DEPTH))
    with pytest.raises(TooCostly, match="elements"):
        sanitised(drawing("<g/>" * 100_001))
    deep = drawn(drawing("<g>" * (MOST_DEPTH - 2) + '<rect width="9" height="9"/>' + "</g>" * (MOST_DEPTH - 2)))
    assert deep.max() == 255


@pytest.mark.parametrize(
    "attributes",
    [
        'width="1e9" height="1e9"',
        'height="1e9"',
        'width="1e400" height="3"',
        'viewBox="0 0 1e9 1"',
        'width="1000" viewBox="0 0 1 1e9"',
        'width="20000in" height="3"',
    ],
)
def test_a_size_out_of_this_world_is_refused(attributes: str) -> None:
    with pytest.raises(TooCostly, match="declares"):
        sanitised(drawing("<rect width='9' height='9'/>", attributes))


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ('width="30" height="20"', (30, 20)),
        ('width="30px" height="20.4"', (30, 20)),
        ('viewBox="0 0 30 20"', (30, 20)),
        ('width="60" viewBox="0 0 30 20"', (60, 40)),
        ('width="100%" height="100%" viewBox="0,0,30,20"', (30, 20)),
        ('width="1in" height="1in"', (72, 72)),
        ("", (9, 7)),  # as large as what it draws
        ('width="100%"', (9, 7)),
    ],
)
def test_a_size_is_what_is_declared_or_else_what_is_drawn(attributes: str, size: tuple[int, int]) -> None:
    image = drawn(drawing("<rect width='9' height='7'/>", attributes))
    assert (image.width, image.height) == size


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<svg",
        b"<html><svg/></html>",
        b"<svg xmlns='http://www.w3.org/1999/xhtml'/>",
        drawing("<rect>"),
        drawing("") + b"<p/>",
        drawing("&undeclared;"),
        drawing("")[:-1],
        b"<?xml version='1.0' encoding='nope'?>" + drawing(""),
        drawing("").replace(b"<svg", b"<svg width='1'"),
    ],
)
def test_what_is_no_well_formed_drawing_is_broken(body: bytes) -> None:
    with pytest.raises(BrokenImage):
        sanitised(body)


@pytest.mark.parametrize(
    ("css", "left"),
    [
        ("fill: url(#a)", "fill: url(#a)"),
        ("fill: url( '#a' ) ; x: y", "fill: url( '#a' ) ; x: y"),
        ("fill: url(a.svg#a)", "fill: none"),
        ("@import 'a'; b {}", " b {}"),
        ("content: '\\201C'", "content: '\\201C'"),
        ("u\\72l(a)", ""),
        ("a: url(", "a: none"),
    ],
)
def test_css_keeps_what_points_inside(css: str, left: str) -> None:
    assert harmless_css(css) == left


@given(st.text(alphabet="url(#a)'\" \\72@import;/*{}", max_size=60))
def test_no_css_slips_through_by_its_spelling(css: str) -> None:
    clean = harmless_css(css)
    assert harmless_css(clean) == clean


@given(st.lists(st.sampled_from([*RICH.split("\n"), "<g id='dot'>", "</g>", "<a", '"', "<![CDATA[", "]]>", "&amp;"])))
def test_whatever_the_text_it_is_a_drawing_or_an_error_of_ours(pieces: list[str]) -> None:
    try:
        clean = sanitised(drawing("".join(pieces)))
    except OriginError:
        return
    assert sanitised(clean) == clean


@pytest.mark.parametrize("sheet", ["a" * 400_000, "{" * 400_000, "a{" * 200_000, "a,b " * 100_000 + "{fill:red}"])
def test_a_style_sheet_takes_as_long_as_it_is_long(sheet: str) -> None:
    """Whoever begins anew at each letter would be busy for an hour."""
    body = drawing(f"<style>{sheet}</style><rect width='9' height='9'/>")
    with suppress(TooCostly, BrokenImage):
        assert sanitised(body)
