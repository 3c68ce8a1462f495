"""Pictures in the body of a request, and how they are read."""

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from multipart import MultipartError, MultipartParser, MultipartPart, parse_options_header

from origin.errors import BadRequest, TooLarge, TooSlow, lack
from origin.query import unique

_FORM_BYTES = 64 * 1024
"""What a form may take beside its picture: its fields together, too."""

_ENCODINGS = frozenset({"utf8", "utf-8", "ascii", "us-ascii", "latin1", "latin-1", "iso-8859-1"})
"""Those that a field may name. Python knows a hundred more, some of which take the square of a field's length."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture that was sent, what identifies it whoever sent it, and the fields beside it."""

    image: bytes
    identity: str
    fields: Mapping[str, str]


def read_body(body: BinaryIO, declared_bytes: int | None, content_type: str, max_bytes: int) -> bytes:
    """The whole body, never read further than a picture and the form around it may take.

    Args:
        body: The body; read to its end.
        declared_bytes: ``Content-Length``, None when it is not known beforehand.
        content_type: As received.
        max_bytes: Largest picture.

    Raises:
        TooLarge: It is above the limit.
        TooSlow: The server waited for it as long as it may.
        BadRequest: It ends early or is no HTTP.
        Overloaded: There is no memory left for it.
    """
    limit = max_bytes + _FORM_BYTES if _is_form(content_type) else max_bytes
    if declared_bytes is not None and declared_bytes > limit:
        raise TooLarge(f"{declared_bytes} bytes were announced; a picture may have {max_bytes}")
    try:
        data = body.read(limit + 1)
    except TimeoutError as error:
        raise TooSlow(f"the body did not come in time: {error}") from None
    except Exception as error:  # noqa: BLE001  every server's reader has errors of its own
        raise lack(error) or BadRequest(f"the body cannot be read: {type(error).__name__}") from None
    if len(data) > limit:
        raise TooLarge(f"a picture may have {max_bytes} bytes")
    if declared_bytes is not None and len(data) < declared_bytes:
        raise BadRequest(f"{declared_bytes} bytes were announced, {len(data)} came")
    return data


def parse_upload(data: bytes, content_type: str, max_bytes: int) -> Upload:
    """The picture in a body: field ``image`` of a multipart form, or else the whole body.

    Takes tens of milliseconds for a large form, so not on an event loop; and never more
    than in proportion to its length, whatever is in it: it cannot be interrupted.

    Raises:
        TooLarge: The picture is above the limit.
        BadRequest: The form is broken, or there is no picture in it.
    """
    image, fields = _read_form(data, content_type) if _is_form(content_type) else (data, {})
    if not image:
        raise BadRequest("there is no picture; send it as the form field image or as the whole body")
    if len(image) > max_bytes:
        raise TooLarge(f"the picture has {len(image)} bytes; it may have {max_bytes}")
    return Upload(image, hashlib.blake2b(image, digest_size=20).hexdigest(), fields)


def _is_form(content_type: str) -> bool:
    return bool(parse_options_header(content_type)[0] == "multipart/form-data")


def _read_form(data: bytes, content_type: str) -> tuple[bytes, Mapping[str, str]]:
    boundary = parse_options_header(content_type)[1].get("boundary", "")
    if not boundary:
        raise BadRequest("the form has no boundary")
    room = len(data) + 1
    try:
        parts = MultipartParser(
            io.BytesIO(data), boundary, len(data), strict=True, part_limit=16, spool_limit=room, memory_limit=room
        ).parts()
    except MultipartError as error:
        raise BadRequest(f"the form is broken: {error}") from None
    images = [part.raw for part in parts if part.name == "image"]
    if len(images) > 1:
        raise BadRequest("the form has more than one picture")
    return images[0] if images else b"", _texts([part for part in parts if part.name != "image"])


def _texts(parts: Sequence[MultipartPart]) -> Mapping[str, str]:
    if sum(part.size for part in parts) > _FORM_BYTES:
        raise TooLarge(f"the fields beside a picture may have {_FORM_BYTES} bytes")
    return unique((part.name, _text(part)) for part in parts)


def _text(part: MultipartPart) -> str:
    encoding = part.charset.lower()
    if encoding not in _ENCODINGS:
        raise BadRequest(f"the field {part.name!r} is in none of UTF-8, ASCII and Latin-1")
    try:
        return str(part.raw, encoding)
    except UnicodeError as error:
        raise BadRequest(f"the field {part.name!r} cannot be read: {error}") from None
