"""A second way to an answer, for requests that were answered before: no parser, no framework, no grammar.

Whoever asks for the same target again, as any number of browsers do behind an edge, is
asking a question that was judged already. What was judged is remembered here: that the
signature is right, what the options mean, which key the variant has. What may have
changed since is looked at every time: whether the variant is there and fresh, whether
anything was purged, whether the URL has expired, whether the client may ask for more.
In any doubt there is no answer from here, and the long way has the last word.

What is sent is made by the same functions as on the long way, and kept for as long as
it would come out the same: the ages in its fields are whole seconds.
"""

import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, replace
from email.utils import formatdate
from functools import lru_cache
from typing import Final, NamedTuple

from cachetiers.entry import Entry
from cachetiers.generations import Generations, Records
from cachetiers.readthrough import Found
from origin.answers import SERVER, Answer, Headers
from origin.errors import Expired, TooManyRequests
from origin.exchange import Exchange, request_id_of
from origin.httpcache import Lifetimes, matching_tag
from origin.outgoing import Outgoing
from origin.plainhead import PlainHead
from origin.presentation import Asked, picture, time_left
from origin.quotas import Quotas
from origin.ratelimit import HIT_UNITS
from origin.telemetry.redaction import loggable
from origin.variants import Variants

MOST_REMEMBERED: Final = 8192
"""Each takes some five kilobytes. Beyond it whoever was remembered first is forgotten, and learned anew when it is
asked for again: that costs one request the long way."""

_LONGEST: Final = 1024
"""Of a target and ``Accept`` together, in signs: anybody may hang junk on a public URL, and all of it would be kept
several times over. Longer ones always go the long way."""

_STATUS_LINES: Final = {200: "HTTP/1.1 200 OK", 304: "HTTP/1.1 304 Not Modified"}


class Reply(NamedTuple):
    """What is to be sent: a head, and a body, which may be empty."""

    head: bytes
    body: bytes


class FastPath:
    """Remembers what was asked for, and answers from memory when it is asked for again.

    Args:
        variants: Where they are kept.
        generations: What was purged.
        quotas: What each client may still ask for.
        outgoing: What goes out with every answer.
        lifetimes: How long others may keep a good answer.
        clock: Unix time in seconds.
        most: How many targets are remembered.
    """

    def __init__(
        self,
        variants: Variants,
        generations: Generations,
        quotas: Quotas,
        outgoing: Outgoing,
        lifetimes: Lifetimes,
        clock: Callable[[], float] = time.time,
        most: int = MOST_REMEMBERED,
    ) -> None:
        self._variants = variants
        self._generations = generations
        self._quotas = quotas
        self._outgoing = outgoing
        self._lifetimes = lifetimes
        self._clock = clock
        self._most = most
        self._known: dict[str | tuple[str, str], _Known] = {}
        self._records: Records = {}

    def __len__(self) -> int:
        return len(self._known)

    def learn(self, exchange: Exchange, asked: Asked, records: Records) -> None:
        """Remember what *exchange* turned out to ask for.

        Args:
            exchange: A request whose variant was found in memory.
            asked: What it came to.
            records: What had been purged when the key was made.
        """
        target = exchange.target
        text = f"{target.path}?{target.query}" if target.query else target.path
        if len(text) + len(exchange.accept) > _LONGEST or records is not self._purged():
            return
        if len(self._known) >= self._most:
            self._known.pop(next(iter(self._known)))
        # A field that an answer varies with is a part of what was asked.
        self._known[(text, exchange.accept) if asked.vary else text] = _Known(asked, loggable(target))

    def answer(self, head: PlainHead, peer: str) -> Reply | None:
        """The answer to *head* from the address *peer*; None when it has to go the long way."""
        started_s = time.perf_counter()
        self._purged()
        known = self._known.get(head.target) or self._known.get((head.target, head.fields.accept))
        if known is None:
            return None
        key = known.asked.key
        if (found := self._variants.fresh(key)) is None:
            return None
        client = self._quotas.client(peer, head.fields.forwarded_for)
        try:
            shown = self._shown(known, found)
            self._quotas.spend(client, HIT_UNITS)
        except (Expired, TooManyRequests):
            return None
        self._variants.count_hit(key)
        held = head.fields.if_none_match
        sent = shown.unchanged if held and matching_tag(held, shown.tag) else shown.whole
        body = found.entry.value if sent is shown.whole and head.method != "HEAD" else b""
        request_id = request_id_of(head.fields.request_id)
        personal = _lines(self._outgoing.personal(request_id, client, sent.answer))
        self._outgoing.tell(request_id, head.method, known.told_target, sent.answer, len(body), started_s)
        date = _date(int(self._clock()))
        return Reply(f"{sent.beginning}Date: {date}\r\n{sent.fields}{personal}\r\n".encode("latin-1"), body)

    def _purged(self) -> Records:
        """What was purged so far; whenever it is more than before, whatever was judged before is forgotten.

        Here, and not with each judgement: records are as large as all that was ever purged.
        """
        records = self._generations.records()
        if records is not self._records:
            self._records = records
            self._known.clear()
        return records

    def _shown(self, known: "_Known", found: Found) -> "_Shown":
        now_s, shown = self._clock(), known.shown
        if shown is None or shown.entry() is not found.entry or not shown.from_s <= now_s < shown.until_s:
            shown = known.shown = self._show(known.asked, found, now_s)
        return shown

    def _show(self, asked: Asked, found: Found, now_s: float) -> "_Shown":
        delivery = asked.request.delivery
        asked = replace(asked, lifetimes=self._lifetimes.capped(time_left(delivery, now_s)))
        variant = self._variants.variant(asked.key, found)
        return _Shown(
            weakref.ref(found.entry),
            now_s,
            now_s + _stays_true_s(found.entry, delivery.expires_at_s, now_s),
            variant.tag,
            self._sendable(picture(variant, asked, "")),
            self._sendable(picture(variant, asked, variant.tag)),
        )

    def _sendable(self, answer: Answer) -> "_Sendable":
        beginning = f"{_STATUS_LINES[answer.status]}\r\nServer: {SERVER}\r\n"
        fields = _lines((("Connection", "keep-alive"), *self._outgoing.fields(answer)))
        # Without the body, which is the tier's to forget.
        return _Sendable(beginning, fields, replace(answer, body=b""))


@dataclass(slots=True)
class _Known:
    """A target that was judged, and how it was last answered."""

    asked: Asked
    told_target: str
    shown: "_Shown | None" = None


@dataclass(frozen=True, slots=True)
class _Sendable:
    """An answer as it is sent but for what is another in each."""

    beginning: str
    fields: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class _Shown:
    """Both answers with one entry, true from one moment until another."""

    entry: weakref.ref[Entry]
    from_s: float
    until_s: float
    tag: str
    whole: _Sendable
    unchanged: _Sendable


def _stays_true_s(entry: Entry, expires_at_s: int | None, now_s: float) -> float:
    """Until one of the whole seconds that are told becomes another one; at once if the entry bears a date to come."""
    if now_s < entry.created_s:
        return 0.0
    age_s = entry.age_s(now_s)
    changes = [1 - age_s % 1, (entry.ttl_s - age_s) % 1]
    if expires_at_s is not None:
        changes.append((expires_at_s - now_s) % 1)
    return min(changes)


def _lines(fields: Headers) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in fields)


@lru_cache(maxsize=4)
def _date(now_s: int) -> str:
    return formatdate(now_s, usegmt=True)
