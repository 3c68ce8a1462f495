"""Drawings made harmless: what is left draws, and neither runs, fetches, nor multiplies without end.

The document is read by expat, which fetches nothing, and written anew from an
allow-list of elements: nothing that was not understood is passed on.
"""

import base64
import binascii
import re
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

import pyvips

from origin.errors import BrokenImage, NotAnImage, TooCostly
from origin.imaging import beforehand
from origin.imaging.expansion import Expansion
from origin.imaging.inspect import SourceFormat, sniff

MOST_BYTES = 5_000_000
MOST_ELEMENTS = 100_000
MOST_DEPTH = 200
"""The XML parser behind libvips gives up at 256."""
MOST_SIDE_PX = 1_000_000
"""Beyond it libvips would not take the size and draw one pixel instead."""

_SVG, _XLINK, _XML = (
    "http://www.w3.org/2000/svg",
    "http://www.w3.org/1999/xlink",
    "http://www.w3.org/XML/1998/namespace",
)

_SHAPES = "path rect circle ellipse line polyline polygon image use text tspan textPath"
_STRUCTURE = "svg g a defs symbol switch marker mask clipPath pattern linearGradient radialGradient stop view"
_TOLD = "title desc style"
_FILTERS = """filter feBlend feColorMatrix feComponentTransfer feFuncR feFuncG feFuncB feFuncA feComposite
    feConvolveMatrix feDiffuseLighting feDisplacementMap feDistantLight feDropShadow feFlood feGaussianBlur feImage
    feMerge feMergeNode feMorphology feOffset fePointLight feSpecularLighting feSpotLight feTile feTurbulence"""
_KEPT = frozenset(f"{_SHAPES} {_STRUCTURE} {_TOLD} {_FILTERS}".split())
"""What a still picture can be made of: no script, no foreign content, no animation."""

_EMBEDDED = {
    SourceFormat.PNG: "pngload_buffer",
    SourceFormat.JPEG: "jpegload_buffer",
    SourceFormat.GIF: "gifload_buffer",
    SourceFormat.WEBP: "webpload_buffer",
}
_DATA = re.compile(r"data:image/(?:png|jpe?g|gif|webp)\s*;\s*base64\s*,", re.IGNORECASE)


def sanitised(body: bytes) -> bytes:
    """*body* as a drawing of the same look, in UTF-8, that stands on its own.

    Gone are scripts, event handlers, animation, foreign content, comments, and
    references to anything but an element of the drawing or an embedded PNG, JPEG,
    GIF or WebP. A document type is dropped; one that declares something is refused.

    Raises:
        BrokenImage: It is no well-formed XML, or no drawing.
        TooCostly: Above 5 MB, 100 000 elements after every ``use`` is unfolded, 200
            levels, or 1 000 000 px a side.
    """
    if len(body) > MOST_BYTES:
        raise TooCostly(f"a drawing of {len(body)} bytes is above {MOST_BYTES}")
    reader = _Reader()
    try:
        reader.parser.Parse(body, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise BrokenImage(f"the drawing is no well-formed XML: {error}") from None
    if reader.expansion.total > MOST_ELEMENTS:
        raise TooCostly(f"the drawing unfolds to more than {MOST_ELEMENTS} elements")
    return "".join(reader.written).encode()


class _Reader:
    """Copies what expat tells it, as far as it is harmless."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self.expansion = Expansion()
        self._open: list[str] = []
        self._skipping = 0
        self._style: list[str] = []
        self.parser = parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse_declarations
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        namespace, _, name = tag.rpartition(" ")
        known = namespace in ("", _SVG) and name in _KEPT
        if not self._open:
            if not known or name != "svg":
                raise BrokenImage(f"the first element is {name!r}, no drawing")
            _judge_size(attributes)
        # Below a style sheet, too: some readers take its text for a part of the sheet.
        if self._skipping or not known or self._open[-1:] == ["style"]:
            self._skipping += 1
            return
        kept, pixels = _harmless_attributes(name, attributes)
        self._open.append(name)
        self.expansion.start(name, kept, pixels)
        if len(self._open) > MOST_DEPTH or self.expansion.elements > MOST_ELEMENTS:
            raise TooCostly(f"the drawing is above {MOST_DEPTH} levels or {MOST_ELEMENTS} elements")
        root = f' xmlns="{_SVG}"' if len(self._open) == 1 else ""
        self.written.append(f"<{name}{root}" + "".join(f" {key}={quoteattr(value)}" for key, value in kept.items()))
        self.written.append(">")

    def _end(self, tag: str) -> None:  # noqa: ARG002  expat's call
        if self._skipping:
            self._skipping -= 1
            return
        name = self._open.pop()
        if name == "style":
            sheet = harmless_css("".join(self._style))
            self._style.clear()
            self.expansion.sheet(sheet)
            self.written.append(escape(sheet))
        self.expansion.end()
        self.written.append(f"</{name}>")

    def _text(self, text: str) -> None:
        if self._skipping:
            return
        if self._open[-1] == "style":
            self._style.append(text)
        else:
            self.written.append(escape(text))


def _refuse_declarations(name: str, system: str | None, public: str | None, declares: int) -> None:  # noqa: ARG001
    if declares:
        raise BrokenImage("the drawing declares entities, which are not read")


def _harmless_attributes(element: str, attributes: dict[str, str]) -> tuple[dict[str, str], int]:
    """What is left of them, and the pixels of an embedded picture."""
    kept: dict[str, str] = {}
    reference = attributes.get("href", attributes.get(f"{_XLINK} href", ""))
    for key, value in attributes.items():
        namespace, _, name = key.rpartition(" ")
        if namespace == _XML and name in ("space", "lang"):
            kept[f"xml:{name}"] = value
        elif not namespace and name != "href" and not name.lower().startswith("on"):
            kept[name] = harmless_css(value) if name == "style" or "(" in value or "\\" in value else value
    if reference.strip().startswith("#"):
        kept["href"] = reference.strip()
    elif element in ("image", "feImage") and _DATA.match(reference.strip()):
        embedded, pixels = _embedded(reference)
        return kept | embedded, pixels
    return kept, 0


def _embedded(reference: str) -> tuple[dict[str, str], int]:
    """A data URL as a reference, with the pixels it holds; none if it holds no picture of the allowed kinds."""
    try:
        picture = base64.b64decode(reference.partition(",")[2])
        source_format = sniff(picture)
        beforehand.judge(source_format, picture)
        header = getattr(pyvips.Image, _EMBEDDED[source_format])(picture)
    except (binascii.Error, ValueError, KeyError, NotAnImage, BrokenImage, pyvips.Error):
        return {}, 0
    kind = "jpeg" if source_format is SourceFormat.JPEG else source_format.value
    url = f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"
    return {"href": url}, header.width * header.height


_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|(.))", re.DOTALL)
_FETCH = re.compile(r"""@import[^;]*;?|url\(\s*+(?!["']?\s*+\#)[^)]*\)?""", re.IGNORECASE)
_OTHER_FETCH = re.compile(r"(?:image|image-set|src|cross-fade|element)\(", re.IGNORECASE)


def harmless_css(css: str) -> str:
    """*css* without anything that fetches; all of it is dropped where it hides that behind escapes.

    >>> harmless_css("fill: url(#a); mask: url(http://example.com/m.svg#b)")
    'fill: url(#a); mask: none'
    """
    css = _COMMENT.sub(" ", css)
    plain = _ESCAPE.sub(_unescaped, css)
    if _OTHER_FETCH.search(plain) or (plain != css and _FETCH.search(plain)):
        return ""
    return _FETCH.sub(lambda found: "" if found[0].startswith("@") else "none", css)


def _unescaped(found: re.Match[str]) -> str:
    if not found[1]:
        return found[2]
    code = int(found[1], 16)
    return chr(code) if code < 0x11_0000 else ""


_LENGTH = re.compile(r"\s*([+-]?[\d.]+(?:[eE][+-]?\d+)?)\s*(px|pt|pc|in|cm|mm|em|ex|)\s*\Z")
_UNIT_PX = {"": 1, "px": 1, "pt": 1, "pc": 12, "in": 72, "cm": 28.35, "mm": 2.835, "em": 12, "ex": 6}
"""At the 72 dots per inch that libvips draws at."""


def _judge_size(root: dict[str, str]) -> None:
    """Refuse sizes out of this world; whether others are too large is for the limits of the service."""
    width, height = _length(root.get("width")), _length(root.get("height"))
    box = [_length(part) or 0.0 for part in re.split(r"[\s,]+", root.get("viewBox", "").strip())]
    if len(box) == 4 and box[2] > 0 and box[3] > 0:
        ratio = box[2] / box[3]
        if width is None:
            width = box[2] if height is None else height * ratio
        if height is None:
            height = width / ratio
    if max(width or 0, height or 0) > MOST_SIDE_PX:
        raise TooCostly(f"the drawing declares {width or 0:.0f} x {height or 0:.0f} px")


def _length(text: str | None) -> float | None:
    found = _LENGTH.match(text or "")
    try:
        return float(found[1]) * _UNIT_PX[found[2]] if found else None
    except ValueError:
        return None
