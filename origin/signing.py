"""Signatures: which URLs we meant.

``base64url(HMAC-SHA256(key, salt + message)[:size])`` without padding, the scheme
imgproxy made common, over the path behind the signature with its leading slash
(RFC 2104, RFC 4648 section 5).
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

UNSIGNED = ("unsafe", "_")
"""What stands in the place of a signature when unsigned operation was asked for."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """One key and its salt, as bytes."""

    key: bytes = field(repr=False)
    salt: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The pairs in force, newest first: the first signs, any verifies. That is rotation.

    Args:
        pairs: Key pairs, newest first; may be empty only together with *allow_unsigned*.
        size_bytes: How much of the 32-byte digest a signature keeps, 1 to 32.
        allow_unsigned: Also accept the literal signatures in `UNSIGNED`.
        trusted: Also accept these literal signatures, of whatever message.
    """

    pairs: tuple[KeyPair, ...]
    size_bytes: int = 32
    allow_unsigned: bool = False
    trusted: tuple[str, ...] = field(default=(), repr=False)

    def sign(self, message: str) -> str:
        """The signature of *message* under the newest pair.

        Raises:
            ValueError: There is no pair to sign with.

        >>> KeyRing((KeyPair(b"test-key", b"test-salt"),), size_bytes=8).sign("/asd")
        'oWaL7QoW5Ts'
        """
        if not self.pairs:
            raise ValueError("no key to sign with")
        return self._digest(self.pairs[0], message)

    def verify(self, signature: str, message: str) -> bool:
        """Whether *signature* signs *message* under any pair, or is trusted.

        All are tried, each in constant time, so the answer's time tells nothing about
        which one came close.
        """
        if self.allow_unsigned and signature in UNSIGNED:
            return True
        given = signature.encode("utf-8", "replace")
        right = (*(self._digest(pair, message) for pair in self.pairs), *self.trusted)
        matches = [hmac.compare_digest(given, text.encode("ascii")) for text in right]
        return any(matches)

    def _digest(self, pair: KeyPair, message: str) -> str:
        digest = hmac.digest(pair.key, pair.salt + message.encode("utf-8", "replace"), hashlib.sha256)
        return base64.urlsafe_b64encode(digest[: self.size_bytes]).rstrip(b"=").decode("ascii")


def pair_up(keys_hex: Iterable[str], salts_hex: Iterable[str]) -> tuple[KeyPair, ...]:
    """Key pairs from lists of hex text, paired by index.

    Raises:
        ValueError: The lists differ in length, or an element is not hex or is
            empty: all of it at once, by position, never with the value.
    """
    keys, salts = list(keys_hex), list(salts_hex)
    problems = [
        problem
        for what, texts in (("key", keys), ("salt", salts))
        for index, text in enumerate(texts, start=1)
        if (problem := _problem(what, index, text))
    ]
    if len(keys) != len(salts):
        problems.append(f"{len(keys)} keys but {len(salts)} salts; they are paired by position")
    if problems:
        raise ValueError("; ".join(problems))
    return tuple(KeyPair(bytes.fromhex(key), bytes.fromhex(salt)) for key, salt in zip(keys, salts, strict=True))


def _problem(what: str, index: int, text: str) -> str:
    if not text.strip():
        return f"{what} {index} is empty"
    try:
        binascii.unhexlify(text.strip())
    except ValueError:
        return f"{what} {index} is not hexadecimal"
    return ""


def query_message(path: str, query: str) -> tuple[str, str]:
    """What is signed of a URL with a query, and the signature it carries.

    The pairs are taken as they were sent, without ``sig``, sorted as text. The
    value of ``sig`` is percent-decoded, the rest is not.

    Returns:
        The message and the signature, which is empty when there is none or more than one.

    >>> query_message("/resize", "width=300&sig=abc&url=local:///a.jpg")
    ('/resize?url=local:///a.jpg&width=300', 'abc')
    """
    pairs = query.split("&") if query else []
    signatures = [pair[4:] for pair in pairs if pair.startswith("sig=")]
    rest = sorted(pair for pair in pairs if not pair.startswith("sig="))
    signature = unquote_to_bytes(signatures[0]).decode("utf-8", "replace") if len(signatures) == 1 else ""
    return f"{path}?{'&'.join(rest)}", signature
