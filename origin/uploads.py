"""Pictures in the body of a request: who may send them, and how they are read."""

import hashlib
import hmac
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from multipart import MultipartError, MultipartParser, parse_options_header

from origin.errors import BadRequest, SourceForbidden, TooLarge, Unauthorized
from origin.query import unique

_FORM_BYTES = 64 * 1024
"""What a form may take beside its picture."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture that was sent, and the fields beside it."""

    image: bytes
    fields: Mapping[str, str]


def check_token(authorization: str, tokens: Sequence[str]) -> None:
    """Let only those pass who bear one of *tokens* (RFC 6750), compared in constant time.

    Raises:
        SourceForbidden: There are no tokens: uploads are off.
        Unauthorized: No token, or none we know.
    """
    if not tokens:
        raise SourceForbidden("uploads are not switched on")
    scheme, _, given = authorization.partition(" ")
    bearer = given.strip().encode("utf-8", "replace") if scheme.lower() == "bearer" else b""
    matches = [hmac.compare_digest(bearer, token.encode()) for token in tokens]
    if not any(matches):
        raise Unauthorized("send Authorization: Bearer with an upload token")


def read_upload(body: BinaryIO, declared_bytes: int | None, content_type: str, max_bytes: int) -> Upload:
    """The picture in a request: field ``image`` of a multipart form, or else the raw body.

    Args:
        body: The body; is read to its end, never further than the limit.
        declared_bytes: ``Content-Length``, None when it is not known beforehand.
        content_type: As received.
        max_bytes: Largest picture.

    Raises:
        TooLarge: The picture, or the form around it, is above the limit.
        BadRequest: The form is broken, or there is no picture in it.
    """
    media_type, options = parse_options_header(content_type)
    multipart = media_type == "multipart/form-data"
    limit = max_bytes + _FORM_BYTES if multipart else max_bytes
    if declared_bytes is not None and declared_bytes > limit:
        raise TooLarge(f"{declared_bytes} bytes were announced; a picture may have {max_bytes}")
    data = body.read(limit + 1)
    if len(data) > limit:
        raise TooLarge(f"a picture may have {max_bytes} bytes")
    if declared_bytes is not None and len(data) < declared_bytes:
        raise BadRequest(f"{declared_bytes} bytes were announced, {len(data)} came")
    upload = _read_form(data, options.get("boundary", "")) if multipart else Upload(data, {})
    if not upload.image:
        raise BadRequest("there is no picture; send it as the form field image or as the whole body")
    if len(upload.image) > max_bytes:
        raise TooLarge(f"the picture has {len(upload.image)} bytes; it may have {max_bytes}")
    return upload


def _read_form(data: bytes, boundary: str) -> Upload:
    if not boundary:
        raise BadRequest("the form has no boundary")
    try:
        parser = MultipartParser(
            io.BytesIO(data), boundary, content_length=len(data), strict=True, part_limit=16, spool_limit=len(data) + 1,
            memory_limit=len(data) + 1,
        )  # fmt: skip
        parts = parser.parts()
        images = [part.raw for part in parts if part.name == "image"]
        fields = unique((part.name, part.value) for part in parts if part.name != "image")
    except (MultipartError, UnicodeDecodeError) as error:
        raise BadRequest(f"the form is broken: {error}") from None
    if len(images) > 1:
        raise BadRequest("the form has more than one picture")
    return Upload(images[0] if images else b"", fields)


def identity(image: bytes) -> str:
    """What identifies an uploaded picture: its bytes, whoever sent them."""
    return hashlib.blake2b(image, digest_size=20).hexdigest()
