"""How much drawing an SVG asks for once every reference in it is followed.

Five kilobytes of nested ``use`` can ask for a thousand million rectangles. Here
that is counted, not drawn: a reference costs what it points to, each time.
"""

import re
from collections.abc import Iterable, Mapping

from origin.errors import TooCostly

FILTER_COST = 400
"""A filter primitive goes over every pixel, a rectangle only over its own."""
PIXELS_PER_ELEMENT = 500
"""What of an embedded picture weighs as much as one more element."""
MOST_CHAIN = 50
"""References to references to references; the renderer follows them on its stack."""
_MOST_STEPS = 1_000_000

_REFERENCE = re.compile(r"""url\(\s*+["']?\s*+\#([^"')\s]*)""", re.IGNORECASE)
_RULE = re.compile(r"(?:^|[{}])([^{}]*+)(?=\{([^{}]*+)\})")
"""A rule begins where a brace, or nothing, precedes it. Tried at every letter, a sheet without rules would take time
in the square of its length."""
_SELECTOR = re.compile(r"[.#]?[\w-]+|\*")


class Expansion:
    """Counts along while a document is read; `total` is for afterwards.

    What an element has below it is a stretch of two lists, so that an element with
    an id is remembered by four numbers, however much it holds.
    """

    def __init__(self) -> None:
        self.elements = 0
        self._cost = 0
        self._tokens: list[str] = []
        self._open: list[tuple[str, int, int]] = []
        self._stretches: dict[str, tuple[int, int, int]] = {}
        self._sheet: dict[str, list[str]] = {}
        self._known: dict[str, int] = {}
        self._steps = 0

    def start(self, name: str, attributes: Mapping[str, str], pixels: int) -> None:
        """An element begins, with an embedded picture of so many *pixels*."""
        self._open.append((attributes.get("id", ""), self._cost, len(self._tokens)))
        self.elements += 1
        self._cost += (FILTER_COST if name.startswith("fe") else 1) + pixels // PIXELS_PER_ELEMENT
        self._tokens += [name, "*", *(f".{one}" for one in attributes.get("class", "").split())]
        if "id" in attributes:
            self._tokens.append(f"#{attributes['id']}")
        if attributes.get("href", "").startswith("#"):
            self._tokens.append("url" + attributes["href"])
        for value in attributes.values():
            self._tokens += _referenced(value)

    def end(self) -> None:
        """The element that began last ends."""
        name, cost, tokens = self._open.pop()
        # The first of a name counts, as it does for the renderer.
        if name and name not in self._stretches:
            self._stretches[name] = (self._cost - cost, tokens, len(self._tokens))

    def sheet(self, css: str) -> None:
        """A style sheet, whose rules may refer to elements too."""
        for selectors, declarations in _RULE.findall(css):
            references = list(_referenced(declarations))
            if references:
                for selector in set(_SELECTOR.findall(selectors)):
                    self._sheet.setdefault(selector, []).extend(references)

    @property
    def total(self) -> int:
        """Elements to draw, weighted.

        Raises:
            TooCostly: References lead from one to the next too often to follow.
        """
        return self._cost + self._followed(self._tokens, ())

    def _followed(self, tokens: Iterable[str], chain: tuple[str, ...]) -> int:
        cost = 0
        for token in tokens:
            self._steps += 1
            if token.startswith("url#"):
                cost += self._target(token[4:], chain)
            elif token in self._sheet:
                cost += self._followed(self._sheet[token], chain)
        if self._steps > _MOST_STEPS or len(chain) > MOST_CHAIN:
            raise TooCostly("the drawing refers to itself more often than is followed")
        return cost

    def _target(self, name: str, chain: tuple[str, ...]) -> int:
        # A circle is not drawn by the renderer either.
        if name not in self._stretches or name in chain:
            return 0
        if name not in self._known:
            cost, begin, end = self._stretches[name]
            self._known[name] = cost + self._followed(self._tokens[begin:end], (*chain, name))
        return self._known[name]


def _referenced(text: str) -> Iterable[str]:
    return [f"url#{name}" for name in _REFERENCE.findall(text)] if "url" in text.lower() else []
