import io

import pytest

from origin.errors import BadRecipe, BadRequest, OriginError, Overloaded, TooLarge, TooSlow
from origin.uploads import parse_upload, read_body


def form(*parts: tuple[str, bytes], end: bytes = b"--edge--\r\n") -> bytes:
    return (
        b"".join(
            b"--edge\r\nContent-Disposition: form-data; " + head.encode() + b"\r\n\r\n" + body + b"\r\n"
            for head, body in parts
        )
        + end
    )


def in_encoding(name: str) -> str:
    return f'name="width"\r\nContent-Type: text/plain; charset={name}'


FORM = "multipart/form-data; boundary=edge"
IMAGE = 'name="image"; filename="a.jpg"'


def read(
    body: bytes, content_type: str = FORM, max_bytes: int = 1000, announce: int | None = -1
) -> tuple[bytes, dict[str, str]]:
    length = len(body) if announce == -1 else announce
    upload = parse_upload(read_body(io.BytesIO(body), length, content_type, max_bytes), content_type, max_bytes)
    return upload.image, dict(upload.fields)


def test_a_form_gives_the_picture_and_the_fields() -> None:
    assert read(form((IMAGE, b"\xff\x00\r\n--x"), ('name="width"', b"300"))) == (b"\xff\x00\r\n--x", {"width": "300"})


@pytest.mark.parametrize(("encoding", "sent"), [("UTF-8", "ü".encode()), ("us-ascii", b"u"), ("ISO-8859-1", b"\xfc")])
def test_fields_are_read_in_three_encodings(encoding: str, sent: bytes) -> None:
    assert read(form((IMAGE, b"x"), (in_encoding(encoding), sent)))[1] in ({"width": "ü"}, {"width": "u"})


def test_fields_are_no_longer_than_a_form_may_be_beside_its_picture() -> None:
    short = [(f'name="f{number}"', b"x" * 32 * 1024) for number in range(2)]
    assert len(read(form((IMAGE, b"x"), *short), max_bytes=10**6)[1]) == 2
    with pytest.raises(TooLarge):
        read(form((IMAGE, b"x"), *short, ('name="width"', b"1")), max_bytes=10**6)


@pytest.mark.parametrize(
    "content_type", ["image/jpeg", "application/octet-stream", "", "application/x-www-form-urlencoded"]
)
def test_any_other_body_is_the_picture(content_type: str) -> None:
    assert read(b"\xff\xd8", content_type) == (b"\xff\xd8", {})


def test_a_body_of_unknown_length_is_read_as_far_as_the_limit() -> None:
    assert read(b"x" * 1000, "image/png", announce=None)[0] == b"x" * 1000
    with pytest.raises(TooLarge):
        read(b"x" * 1001, "image/png", announce=None)


@pytest.mark.parametrize(
    ("body", "content_type", "announce", "kind"),
    [
        (b"", "image/png", 0, BadRequest),
        (b"x", "image/png", 1001, TooLarge),
        (b"short", "image/png", 10, BadRequest),
        (form((IMAGE, b"x" * 1001)), FORM, -1, TooLarge),
        (form((IMAGE, b"")), FORM, -1, BadRequest),
        (form(('name="width"', b"300")), FORM, -1, BadRequest),
        (form((IMAGE, b"x"), (IMAGE, b"y")), FORM, -1, BadRequest),
        (form((IMAGE, b"x"), ('name="width"', b"1"), ('name="width"', b"2")), FORM, -1, BadRecipe),
        (form((IMAGE, b"x"), ('name="width"', b"\xff")), FORM, -1, BadRequest),
        (form((IMAGE, b"x"), (in_encoding("foo"), b"1")), FORM, -1, BadRequest),
        # Errors of decoding that are no UnicodeDecodeError.
        (form((IMAGE, b"x"), (in_encoding("undefined"), b"1")), FORM, -1, BadRequest),
        (form((IMAGE, b"x"), (in_encoding("idna"), b"xn--" + b"a" * 80)), FORM, -1, BadRequest),
        (form((IMAGE, b"x"), (in_encoding("punycode"), b"20")), FORM, -1, BadRequest),
        (form((IMAGE, b"x"), (in_encoding("hex"), b"20")), FORM, -1, BadRequest),
        (form((IMAGE, b"x"), (in_encoding("utf\0"), b"20")), FORM, -1, BadRequest),
        (form((IMAGE, b"x"), end=b""), FORM, -1, BadRequest),
        (b"--edge", FORM, -1, BadRequest),
        (b"anything", "multipart/form-data", -1, BadRequest),
        (form(*[(f'name="f{n}"', b"1") for n in range(40)]), FORM, -1, BadRequest),
    ],
)
def test_a_broken_upload_is_refused(
    body: bytes, content_type: str, announce: int | None, kind: type[OriginError]
) -> None:
    with pytest.raises(kind):
        read(body, content_type, announce=announce)


def test_a_body_that_cannot_be_read_is_the_caller_s_mistake() -> None:
    class Broken(io.BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            raise RuntimeError("chunk of no size")

    with pytest.raises(BadRequest):
        read_body(Broken(), None, "image/png", 1000)


def test_a_body_there_is_no_memory_for_is_our_lack() -> None:
    class Full(io.BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            raise MemoryError

    with pytest.raises(Overloaded):
        read_body(Full(), None, "image/png", 1000)


def test_a_body_that_is_waited_for_in_vain_is_too_slow() -> None:
    class Slow(io.BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            raise TimeoutError("3 bytes came in the time there was")

    with pytest.raises(TooSlow, match="3 bytes came"):
        read_body(Slow(), None, "image/png", 1000)


def test_the_same_picture_has_the_same_identity_whoever_sends_it() -> None:
    raw = parse_upload(b"picture", "image/png", 1000)
    formed = parse_upload(form((IMAGE, b"picture")), FORM, 1000)
    assert raw.identity == formed.identity != parse_upload(b"other", "image/png", 1000).identity
