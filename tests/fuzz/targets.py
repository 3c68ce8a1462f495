"""What holds for any bytes whatever; each function breaks if it does not.

hypothesis tries them briefly with every run of the tests, `explore` for as long as somebody likes.
"""

import contextlib
import struct
import zlib
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from cachetiers.codec import VERSION, Corrupt, Manifest, decode, encode
from cachetiers.entry import Entry
from origin import grammar, query
from origin.errors import BadRecipe, BrokenImage, NotAnImage, TooCostly
from origin.imaging import beforehand, tiff
from origin.imaging.inspect import sniff
from origin.rawpath import split_signed, target_of
from origin.sources.addresses import may_call
from origin.telemetry.redaction import loggable

_KEY = "0123456789abcdef"


def grammars(data: bytes) -> None:
    """Values or BadRecipe, nothing else; what was understood can be spelled, and what was not can be logged."""
    text = data.decode("utf-8", "replace")
    assert loggable(target_of(text)).isascii()
    signed = split_signed(target_of(text).path)
    with contextlib.suppress(BadRecipe):
        request = grammar.parse(signed.rest if signed else text)
        assert grammar.parse(grammar.spell(request)) == request
    with contextlib.suppress(BadRecipe):
        query.parse(text)


def codec(data: bytes) -> None:
    """An entry, a manifest, nothing, or Corrupt, even where the checksum is right; and an entry is written as read."""
    kind, rest = data[:1] or b"\0", data[1:]
    head = struct.pack(">2sB", b"bb", VERSION) + kind
    body = struct.pack(">I", zlib.crc32(rest, zlib.crc32(head))) + rest
    for blob in (data, head + body):
        with contextlib.suppress(Corrupt):
            found = decode(_KEY, blob)
            assert found is None or isinstance(found, Entry | Manifest)
            if isinstance(found, Entry):
                again = decode(_KEY, encode(_KEY, found))
                # As text: times may be no numbers, which are equal to nothing.
                assert isinstance(again, Entry)
                assert (repr(again), again.value) == (repr(found), found.value)


def addresses(data: bytes) -> None:
    """Yes or no to any text; yes to nothing that is not global, whatever carries it."""
    text = data.decode("utf-8", "replace")
    if may_call(text):
        assert str(ip_address(text)) == text.lower() or may_call(str(ip_address(text)))
    if len(data) >= 16:
        _judge(IPv6Address(data[:16]))
    if len(data) >= 4:
        inside = IPv4Address(data[:4])
        _judge(inside)
        for prefix in (0xFFFF << 32, 0x64FF9B << 96):
            assert may_call(str(IPv6Address(prefix | int(inside)))) == may_call(str(inside))


def _judge(address: IPv4Address | IPv6Address) -> None:
    carried = isinstance(address, IPv6Address) and (
        address.sixtofour or address.teredo or int(address) >> 32 == 0x64FF9B << 64
    )
    if may_call(str(address)):
        assert carried or address.is_global
        assert not address.is_multicast
        assert not may_call(str(address), port=22)


def headers(data: bytes) -> None:
    """Fine, or one of the three errors that a picture can be refused with."""
    with contextlib.suppress(BrokenImage, NotAnImage, TooCostly):
        beforehand.judge(sniff(data), data)
    for page in (0, 3):
        with contextlib.suppress(BrokenImage, TooCostly):
            tiff.judge_end(data, page)


TARGETS: Final[dict[str, Callable[[bytes], None]]] = {
    "grammars": grammars,
    "codec": codec,
    "addresses": addresses,
    "headers": headers,
}
