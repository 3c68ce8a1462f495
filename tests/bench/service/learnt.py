"""The fast path and the memory tier in one process, after more URLs than there is time to ask for over HTTP."""

import hashlib
import io
import time
from collections.abc import Iterable, Iterator
from itertools import cycle

from cachetiers.entry import Entry
from cachetiers.generations import Generations
from cachetiers.memory import MemoryTier
from cachetiers.readthrough import ReadThrough
from cachetiers.tiered import Tiered
from origin import plainhead
from origin.exchange import Exchange
from origin.fastpath import FastPath
from origin.imaging.job import Job, Rendered
from origin.imaging.pool import IsWanted, always
from origin.outgoing import Outgoing
from origin.presentation import Asked
from origin.quotas import Quotas
from origin.rawpath import Target
from origin.recipe import ImageRequest, Recipe, Scheme, SourceRef
from origin.settings import Settings
from origin.variants import Lives, Variants
from tests.bench.service.load import Load

_HITS = 64
"""As many as are asked for over HTTP."""
_BYTES = 20_000
_TINY_BYTES = 400
_PEER = "127.0.0.1"
_FACTS = {"media_type": "image/jpeg", "suffix": "jpg", "digest": "abcdefabcdef", "source_bytes": "500000"}


class _NoPixels:
    """Nothing is made here, only kept and found."""

    def transform(self, body: bytes, job: Job, is_wanted: IsWanted = always) -> Rendered:
        raise NotImplementedError

    def check_room(self) -> None:
        raise NotImplementedError


class _House:
    """As much of the service as a hit meets, with the sizes that it has by default."""

    def __init__(self) -> None:
        settings = Settings.from_environ({"BLENDBEAT_ALLOW_UNSIGNED": "1"})
        self._lifetimes = settings.lifetimes
        self._generations = Generations()
        self._memory = MemoryTier(settings.memory_tier_bytes)
        variants = Variants(
            ReadThrough(Tiered(self._memory), 1), _NoPixels(), lives=Lives(3600), encoder_version="none"
        )
        quotas = Quotas(None, settings.trusted_proxies)
        outgoing = Outgoing(quotas, settings.allow_origin, lambda _: None)
        self._fast = FastPath(variants, self._generations, quotas, outgoing, settings.lifetimes)

    def see(self, number: int, length: int) -> bytes:
        """Keep a variant of *length* bytes and learn its URL; the head that asks for it."""
        path = f"/{'s' * 43}/rs:fit:420:420/q:80/plain/https://pictures.example/{number}/photo.jpg@jpg"
        key = hashlib.blake2b(path.encode(), digest_size=16).hexdigest()
        self._memory.put(key, Entry(bytes(length), time.time(), 3600.0, _FACTS))
        source = SourceRef(Scheme.HTTPS, f"https://pictures.example/{number}/photo.jpg")
        asked = Asked(ImageRequest(source, Recipe()), Recipe(), key, self._lifetimes, ())
        exchange = Exchange("", "GET", Target(path, ""), "", "", "", "", None, io.BytesIO())
        self._fast.learn(exchange, asked, self._generations.records())
        return f"GET {path} HTTP/1.1\r\nHost: cdn.example\r\n\r\n".encode()

    def answer(self, data: bytes) -> None:
        """One hit, from the bytes of its head to those of its answer."""
        head = plainhead.read(data)
        assert head is not None
        reply = self._fast.answer(head, _PEER)
        assert reply is not None
        assert len(reply.body) == _BYTES


def hits(numbers: Iterable[int], seconds: float) -> Iterator[tuple[int, Load]]:
    """What answering takes when so many URLs were seen, without sockets; what was forgotten is learnt anew before."""
    house, so_far = _House(), 0
    for number in numbers:
        for other in range(so_far, number):
            house.see(_HITS + other, _TINY_BYTES)
        so_far = number
        heads = [house.see(hit, _BYTES) for hit in range(_HITS)]
        taken_ms = []
        began_s = time.process_time()
        for data in cycle(heads):
            asked_s = time.perf_counter()
            house.answer(data)
            taken_ms.append((time.perf_counter() - asked_s) * 1000)
            if (used_s := time.process_time() - began_s) > seconds / 5:
                break
        yield number, Load.of(taken_ms, used_s)
