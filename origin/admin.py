"""The resources of those who operate the service: purge, and counters."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from cachetiers.bulletin import WITHIN_S, Reach
from origin import bearer, purging, uploads
from origin.answers import Answer, json_answer
from origin.exchange import Exchange
from origin.grammar import Dialect, source_ref
from origin.rawpath import target_of
from origin.telemetry.redaction import loggable

Counters = Mapping[str, Mapping[str, int]]


class Purger(Protocol):
    """Makes everything that goes by a name be made anew."""

    def purge(self, name: str) -> Reach:
        """Purge *name*, as far as can be reached now."""
        ...


class Admin:
    """The resources that need an admin token.

    Args:
        tokens: Those that open; none: everything here is off.
        dialect: How URLs are read.
        purger: Who purges.
        counters: All that is counted, by part.
    """

    def __init__(
        self, tokens: Sequence[str], dialect: Dialect, purger: Purger, counters: Callable[[], Counters]
    ) -> None:
        self._tokens = tokens
        self._dialect = dialect
        self._purger = purger
        self._counters = counters

    def purge(self, exchange: Exchange) -> Answer:
        """``POST /purge``: everything that goes by a URL, a source or a tag is made anew from now on."""
        bearer.check(exchange.authorization, self._tokens, "admin calls")
        body = uploads.read_body(
            exchange.body, exchange.content_length, exchange.content_type, purging.LONGEST_BODY_BYTES
        )
        kind, text, name = purging.asked_for(body, self._dialect)
        if kind == "url":
            # Its signature is as good as a password for it.
            text = loggable(target_of(text))
        content = {"purged": {kind: text}, **told(self._purger.purge(name))}
        answer = json_answer(200, content, outcome="purge")
        shown = source_ref(text).loggable if kind == "source" else text
        return Answer(answer.status, answer.headers, answer.body, answer.outcome, {"purged": f"{kind} {shown}"})

    def counters(self, exchange: Exchange) -> Answer:
        """``GET /counters``: how often what happened in this process."""
        bearer.check(exchange.authorization, self._tokens, "admin calls")
        return json_answer(200, self._counters(), outcome="counters")


def told(reach: Reach) -> dict[str, object]:
    """How far a purge came, and when that holds.

    >>> told(Reach(nodes=0, reached=0))
    {'reach': 'process', 'nodes': 0, 'nodes_reached': 0, 'within_s': 0}
    """
    # One node is enough: every process reads all of them.
    fleet = reach.reached > 0
    return {
        "reach": "fleet" if fleet else "process",
        "nodes": reach.nodes,
        "nodes_reached": reach.reached,
        "within_s": WITHIN_S if fleet else 0,
    }
