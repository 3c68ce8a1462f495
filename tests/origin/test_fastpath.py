"""The fast path answers what the long way would have answered, or leaves it to it."""

import gc
import io
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from bottle import Bottle

from cachetiers.generations import Generations
from cachetiers.memory import MemoryTier
from cachetiers.readthrough import ReadThrough
from cachetiers.tiered import Tiered
from origin import plainhead
from origin.admin import Admin
from origin.client import path_for, sign_path
from origin.fastpath import FastPath
from origin.handlers import Pictures
from origin.imaging.job import Job, Rendered
from origin.outgoing import Outgoing
from origin.pages import Pages
from origin.quotas import Quotas
from origin.ratelimit import RateLimit
from origin.recipe import OutputFormat, Scheme, SourceRef
from origin.routes import Routes
from origin.settings import Settings
from origin.signing import KeyRing, pair_up
from origin.sources.held import NONE, SourceImage, Validators
from origin.sources.router import Sources
from origin.telemetry.events import RequestTold
from origin.variants import Lives, Variants, stands_in

KEY, SALT = "943b421c9eb07c830af81030552c8600", "520f986b998545b4785e0defbc4f3c12"
RING = KeyRing(pair_up([KEY], [SALT]))
SOURCE = "local:///a.jpg"
VOLATILE = frozenset({"date", "server", "connection"})


class Clock:
    now_s = 1_000_000.25

    def __call__(self) -> float:
        return self.now_s


class FakePixels:
    """Makes a picture that says what it was made of."""

    def transform(self, body: bytes, job: Job, is_wanted: Callable[[], bool] = lambda: True) -> Rendered:
        return Rendered(body + job.recipe.canonical().encode(), "image/jpeg", "jpg", "abcdefabcdef", 0.001)

    def check_room(self) -> None:
        pass


class FakeSource:
    def fetch(self, source: SourceRef, held: Validators = NONE) -> SourceImage | None:
        return SourceImage(f"picture at {source.url} ".encode())


class House:
    """The service without a server: both ways to an answer, and what both told."""

    def __init__(self, limit: RateLimit | None = None, most: int = 100, **environ: str) -> None:
        self.clock = Clock()
        self.told: list[RequestTold] = []
        settings = Settings.from_environ(
            {
                "BLENDBEAT_KEYS": KEY,
                "BLENDBEAT_SALTS": SALT,
                "BLENDBEAT_LOCAL_ROOT": str(Path(__file__).parent),
                **environ,
            }
        )
        self.generations = Generations(self.clock)
        self.memory = MemoryTier(10_000_000, self.clock)
        self.cache = ReadThrough(Tiered(self.memory), 1, None, stands_in, self.clock, spawn=lambda call: call())
        lives = Lives(settings.ttl_s, settings.lifetimes.stale_s, settings.lifetimes.error_s)
        variants = Variants(
            self.cache, FakePixels(), lives=lives, encoder_version="e", clock=self.clock, chance=lambda: 0.0
        )
        quotas = Quotas(limit, settings.trusted_proxies, clock=self.clock)
        outgoing = Outgoing(quotas, settings.allow_origin, self.told.append)
        self.fast = FastPath(variants, self.generations, quotas, outgoing, settings.lifetimes, self.clock, most)
        pictures = Pictures(
            settings,
            Sources({Scheme.LOCAL: FakeSource()}, ()),
            variants,
            frozenset({OutputFormat.AVIF, OutputFormat.WEBP}),
            lambda call: call(),
            self.generations,
            quotas.spend,
            self.fast.learn,
            self.clock,
        )
        self.application = Bottle()
        pages = Pages(self.memory, (), (), lambda: "")
        admin = Admin((), settings.dialect, None, dict)  # type: ignore[arg-type]  # nobody purges through it here
        Routes(pictures, pages, admin, quotas, outgoing, settings.allow_origin).bind(self.application)

    def long(self, target: str, method: str = "GET", **fields: str) -> tuple[int, dict[str, str], bytes]:
        """The answer of the application."""
        environ = {
            "REQUEST_METHOD": method,
            "RAW_URI": target,
            "PATH_INFO": target,
            "REMOTE_ADDR": "203.0.113.7",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": io.StringIO(),
            **{f"HTTP_{name.upper()}": value for name, value in fields.items()},
        }
        began: list[Any] = []
        body = b"".join(self.application(environ, lambda *arguments: began.append(arguments)))
        status, headers = began[-1][:2]
        return int(status.split()[0]), _named(headers), body

    def quick(self, target: str, method: str = "GET", **fields: str) -> tuple[int, dict[str, str], bytes] | None:
        """The answer of the fast path."""
        lines = [f"{method} {target} HTTP/1.1", "Host: cdn.example"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
        head = plainhead.read("".join(f"{line}\r\n" for line in [*lines, ""]).encode())
        assert head is not None
        reply = self.fast.answer(head, "203.0.113.7")
        if reply is None:
            return None
        status_line, *rest = reply.head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
        return int(status_line.split()[1]), _named([tuple(line.split(": ", 1)) for line in rest]), reply.body  # type: ignore[misc]  # two parts


def _named(headers: list[tuple[str, str]]) -> dict[str, str]:
    named = {name.lower(): value for name, value in headers if name.lower() not in VOLATILE}
    assert len(named) + sum(name.lower() in VOLATILE for name, _ in headers) == len(headers)
    return named


def signed(*options: str, source: str = SOURCE, extension: str = "") -> str:
    return sign_path(RING, path_for(source, options, extension=extension))


def learnt(house: House, target: str, **fields: str) -> None:
    """Make it, and then have it found."""
    house.long(target, **fields)
    house.long(target, **fields)
    house.told.clear()


def both(house: House, target: str, method: str = "GET", **fields: str) -> int:
    """Ask both ways; the status that both answered, everything else having been the same as well."""
    fields.setdefault("x_request_id", "id-1")
    stats, tier = house.cache.stats.snapshot(), replace(house.memory.stats)
    quick = house.quick(target, method, **fields)
    assert quick is not None
    after, tier_after = house.cache.stats.snapshot(), replace(house.memory.stats)
    long = house.long(target, method, **fields)
    status, headers, body = long
    assert quick == (status, headers, b"" if method == "HEAD" else body)
    by_quick, by_long = (_plain(event) for event in house.told[-2:])
    assert by_quick == by_long
    assert _grown(stats, after) == _grown(after, house.cache.stats.snapshot())
    assert tier_after.hits - tier.hits == house.memory.stats.hits - tier_after.hits == 1
    return status


def _plain(event: RequestTold) -> RequestTold:
    return replace(event, total_ms=0.0, details=dict(event.details))


def _grown(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    return {what: number - before.get(what, 0) for what, number in after.items() if number != before.get(what, 0)}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "target",
    [
        signed("w:300"),
        signed("w:300", extension="png"),
        signed("raw:1"),
        signed("w:300", "fn:a%20name", "att:1"),
        signed("exp:1000060"),
        signed("w:300") + "?utm=1",
        "/info" + signed("w:300"),
    ],
)
def test_both_ways_answer_the_same(target: str, method: str) -> None:
    house = House()
    assert house.quick(target) is None
    learnt(house, target)
    assert both(house, target, method) == 200


@pytest.mark.parametrize("options", [("w:300",), ("exp:1000060",)], ids=["for ever", "until it expires"])
@pytest.mark.parametrize("steps_s", [(0.37,), (0.37, -0.9, 1.3), (-3.1, 2.9, 0.41)], ids=["on", "back and on", "ahead"])
def test_what_was_learnt_once_goes_with_time(options: tuple[str, ...], steps_s: tuple[float, ...]) -> None:
    # Two, because the long way would teach the fast path anew.
    quick, long = (House(BLENDBEAT_BROWSER_TTL_S="60", BLENDBEAT_EDGE_TTL_S="60") for _ in range(2))
    target = signed(*options)
    learnt(quick, target)
    learnt(long, target)
    for _, step_s in zip(range(120), cycle(steps_s), strict=False):
        quick.clock.now_s += step_s
        long.clock.now_s += step_s
        for method in ("GET", "HEAD"):
            status, headers, body = long.long(target, method, x_request_id="id-1")
            answered = quick.quick(target, method, x_request_id="id-1")
            assert answered == (status, headers, b"" if method == "HEAD" else body)


def test_a_tag_that_is_held_is_answered_with_304_and_any_other_with_the_picture() -> None:
    house, target = House(), signed("w:300")
    learnt(house, target)
    tag = house.long(target)[1]["etag"]
    for held, status in [(tag, 304), (f'"x", W/{tag}', 304), ("*", 304), ('"x"', 200), (tag[1:-1], 200), ('"', 200)]:
        assert both(house, target, if_none_match=held) == status
        assert both(house, target, "HEAD", if_none_match=held) == status


def test_a_negotiated_format_is_remembered_for_each_accept() -> None:
    house, target = House(), signed("w:300")
    for accept in ("image/avif,image/webp,*/*", "image/webp", "*/*", ""):
        fields = {"accept": accept} if accept else {}
        assert house.quick(target, **fields) is None
        learnt(house, target, **fields)
        assert both(house, target, **fields) == 200
    assert house.long(target, accept="image/avif")[1]["vary"] == "Accept"


def test_an_expired_url_goes_the_long_way_to_its_410() -> None:
    house, target = House(), signed("exp:1000002")
    learnt(house, target)
    assert both(house, target) == 200
    house.clock.now_s = 1_000_002.1
    assert house.quick(target) is None
    assert house.long(target)[0] == 410


def test_what_is_no_longer_fresh_or_no_longer_there_goes_the_long_way() -> None:
    house, target = House(BLENDBEAT_TTL_S="60"), signed("w:300")
    learnt(house, target)
    house.clock.now_s += 59.9
    assert both(house, target) == 200
    house.clock.now_s += 0.2
    assert house.quick(target) is None
    learnt(house, target)
    assert both(house, target) == 200
    (key,) = house.memory._kept
    house.memory.delete(key)
    assert house.quick(target) is None


def test_a_variant_that_was_made_anew_is_not_answered_with_the_fields_of_the_old_one() -> None:
    house, target = House(), signed("w:300")
    learnt(house, target)
    assert both(house, target) == 200
    (key,) = house.memory._kept
    kept = house.memory.peek(key)
    assert kept is not None
    house.memory.put(
        key, replace(kept, value=b"longer than before" * 10, facts={**kept.facts, "digest": "0123456789ab"})
    )
    assert both(house, target) == 200


def test_after_a_purge_of_anything_the_long_way_is_asked_first() -> None:
    house, target = House(), signed("w:300")
    learnt(house, target)
    assert both(house, target) == 200
    house.generations.purge(SOURCE)
    assert house.quick(target) is None
    house.generations.purge("something else")
    learnt(house, target)
    assert both(house, target) == 200


def test_it_keeps_no_copies_of_what_was_purged() -> None:
    house = House()
    for number in range(2000):
        house.generations.purge(f"tag:{number}")
    target = signed("w:300")
    learnt(house, target)
    tracemalloc.start()
    try:
        for number in range(100):
            house.generations.purge(f"tag:{number}")
            house.long(f"{target}?{number}")
            assert house.quick(f"{target}?{number}") is not None
        house.told.clear()
        # Two thousand records take 0.1 MB and more.
        assert tracemalloc.get_traced_memory()[0] < 1_000_000
    finally:
        tracemalloc.stop()


def test_junk_on_a_url_is_not_remembered() -> None:
    house, target = House(), signed("w:300")
    for junk in ({"target": f"{target}?{'x' * 1000}"}, {"target": target, "accept": "x" * 1000}):
        learnt(house, **junk)
        assert house.quick(**junk) is None
    assert len(house.fast) == 0


def test_a_client_that_has_spent_its_quota_is_refused_on_the_long_way() -> None:
    house, target = House(RateLimit(4, 60, 4)), signed("w:300")
    house.long(target)
    house.long(target)
    spent = 0
    while house.quick(target) is not None:
        spent += 1
    # Forty units, ten of which making it has taken and one finding it.
    assert spent == 29
    assert house.long(target)[0] == 429
    assert house.quick(target, x_forwarded_for="192.0.2.1") is None


def test_ids_are_kept_if_they_are_decent() -> None:
    house, target = House(), signed("w:300")
    learnt(house, target)
    for given, kept in [("id-1", True), ("a b", False), ("", False), ("x" * 129, False)]:
        answered = house.quick(target, x_request_id=given)
        assert answered is not None
        assert (answered[1]["x-request-id"] == given) is kept
        assert len(answered[1]["x-request-id"]) == 4 or not kept


def test_a_wrong_signature_never_comes_to_be_known() -> None:
    house, target = House(), signed("w:300")
    learnt(house, target)
    forged = "/x" + target[2:]
    assert house.long(forged)[0] == 403
    assert house.quick(forged) is None


def test_only_so_many_targets_are_remembered_and_those_asked_for_are_learnt_anew() -> None:
    house = House(most=3)
    targets = [signed(f"w:{width}") for width in range(1, 6)]
    for target in targets:
        learnt(house, target)
    assert len(house.fast) == 3
    assert [house.quick(target) is not None for target in targets] == [False, False, True, True, True]
    house.long(targets[0])
    assert house.quick(targets[0]) is not None


def test_it_keeps_no_picture_that_the_tier_has_forgotten() -> None:
    house, target = House(), signed("w:300", source="local:///" + "a" * 500)
    learnt(house, target)
    assert house.quick(target) is not None
    (key,) = house.memory._kept
    kept = house.memory.peek(key)
    assert kept is not None
    house.memory.put(key, replace(kept, value=bytes(1_000_000)))
    del kept
    assert house.quick(target) is not None
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        house.memory.put(key, replace(house.memory.peek(key), value=bytes(1_000_000)))  # type: ignore[type-var, arg-type]
        assert house.quick(target) is not None
        house.memory.delete(key)
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < 100_000
    finally:
        tracemalloc.stop()


def test_what_is_remembered_takes_four_kilobytes_each() -> None:
    house = House(most=1000)
    targets = [signed(f"w:{width}", "q:70", "g:sm", source=f"local:///{'a' * 100}{width}") for width in range(1, 301)]
    for target in targets:
        house.long(target)
    gc.collect()
    tracemalloc.start()
    try:
        for target in targets:
            house.long(target)
            assert house.quick(target)
        house.told.clear()
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] / len(targets) < 6_000
    finally:
        tracemalloc.stop()
