"""Any recipe the language can spell, for tests that look for the one that breaks a rule."""

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from origin import recipe as r

_numbers = st.floats(0.001, 1000).map(lambda value: round(value, 3))
_offsets = st.floats(-1000, 1000).map(lambda value: round(value, 3) + 0.0)
_shares = st.floats(0, 1).map(lambda value: round(value, 3) + 0.0)
_px = st.integers(0, 5000)
_quality = st.integers(1, 100)
_texts = st.text(max_size=12).filter(lambda text: all(ord(sign) < 0xD800 or ord(sign) > 0xDFFF for sign in text))
_colours = st.builds(r.Colour, st.integers(0, 255), st.integers(0, 255), st.integers(0, 255))

_compass = [anchor for anchor in r.Anchor if anchor not in (r.Anchor.SMART, r.Anchor.FOCAL_POINT)]
compass_gravities = st.builds(r.Gravity, st.sampled_from(_compass), _offsets, _offsets)
steady_gravities = compass_gravities | st.builds(r.Gravity, st.just(r.Anchor.FOCAL_POINT), _shares, _shares)
gravities = steady_gravities | st.just(r.Gravity(r.Anchor.SMART))
_extends = st.builds(r.Extend, st.booleans(), steady_gravities)

resizes = st.builds(
    r.Resize,
    type=st.sampled_from(r.ResizingType),
    width_px=_px,
    height_px=_px,
    min_width_px=_px,
    min_height_px=_px,
    zoom_x=_numbers,
    zoom_y=_numbers,
    enlarge=st.booleans(),
    extend=_extends,
    extend_aspect_ratio=_extends,
)
effects = st.builds(
    r.Effects,
    brightness=st.integers(-255, 255),
    contrast=_numbers,
    saturation=_numbers,
    monochrome=st.builds(r.Monochrome, _shares, _colours),
    duotone=st.builds(r.Duotone, _shares, _colours, _colours),
    blur=_numbers,
    sharpen=_numbers,
    pixelate_px=_px,
    unsharp=st.builds(r.Unsharp, st.sampled_from(r.UnsharpMode), _numbers, _numbers),
)
_maybe = st.none() | st.booleans()
_formats = st.sampled_from(r.OutputFormat)
encodings = st.builds(
    r.Encoding,
    quality=st.none() | _quality,
    format_quality=st.dictionaries(_formats, _quality, max_size=3).map(lambda pairs: tuple(sorted(pairs.items()))),
    autoquality=st.builds(
        r.AutoQuality,
        st.sampled_from(r.AutoQualityMethod),
        st.none() | _numbers,
        st.none() | _quality,
        st.none() | _quality,
    ),
    max_bytes=_px,
    jpeg=st.builds(r.JpegOptions, _maybe, _maybe, _maybe, _maybe, _maybe, st.none() | st.integers(0, 8)),
    png=st.builds(r.PngOptions, st.booleans(), st.booleans(), st.integers(2, 256)),
    webp=st.builds(r.WebpOptions, st.sampled_from(r.WebpCompression), st.booleans(), st.sampled_from(r.WebpPreset)),
    avif_subsample=st.sampled_from(r.Subsample),
)
recipes: SearchStrategy[r.Recipe] = st.builds(
    r.Recipe,
    resize=resizes,
    gravity=gravities,
    crop=st.builds(r.Crop, _numbers, _numbers, st.none() | gravities),
    trim=st.builds(r.Trim, st.none() | _numbers, st.none() | _colours, st.booleans(), st.booleans()),
    padding=st.builds(r.Padding, _px, _px, _px, _px),
    dpr=_numbers,
    auto_rotate=st.booleans(),
    rotate=st.sampled_from([0, 90, 180, 270]),
    flip_horizontal=st.booleans(),
    flip_vertical=st.booleans(),
    background=st.none() | _colours,
    effects=effects,
    watermark=st.builds(r.Watermark, _shares, compass_gravities, st.just(False), _numbers, _texts, _texts)
    | st.builds(
        r.Watermark, _shares, st.builds(r.Gravity, st.just(r.Anchor.CENTRE), _offsets, _offsets), st.just(True)
    ),
    metadata=st.builds(r.Metadata, st.booleans(), st.booleans(), st.booleans()),
    encoding=encodings,
    pages=st.builds(r.Pages, _px, _px, st.booleans(), _numbers),
    format=st.none() | _formats,
    skip_processing=st.sets(_formats, max_size=3).map(lambda names: tuple(sorted(names))),
    raw=st.booleans(),
    tighter=st.builds(r.Tighter, _numbers, _px, _px, _px),
    cachebuster=st.text(alphabet="abc123-_.~%", max_size=8),
)
deliveries = st.builds(r.Delivery, st.none() | _texts.filter(bool), st.booleans(), st.none() | st.integers(0, 10**12))
