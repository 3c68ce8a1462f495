"""How much drawing an SVG asks for once every reference in it is followed.

Five kilobytes of nested ``use`` can ask for a thousand million rectangles. Here
that is counted, not drawn: a reference costs what it points to, each time.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from origin.errors import TooCostly

FILTER_COST = 400
"""A filter primitive goes over every pixel, a rectangle only over its own."""
PIXELS_PER_ELEMENT = 500
"""What of an embedded picture weighs as much as one more element."""
MOST_CHAIN = 50
"""References to references to references; the renderer follows them on its stack."""
_MOST_STEPS = 200_000
_TOO_OFTEN = "the drawing refers to itself more often than is followed"
_MOST_TOKENS = 500_000
"""What all elements together may be called and refer to; several for each that a drawing may have."""
_MOST_RULED = 20_000
"""What style sheets may select for references, and those; drawings have some for each of their gradients. They are kept
apart: as pairs, 44 kB of ``.a,.b...{fill:url(#a) url(#a)...}`` would be a hundred million."""

_REFERENCE = re.compile(r"""url\(\s*+["']?\s*+\#([^"')\s]*)""", re.IGNORECASE)
_RULE = re.compile(r"(?:^|[{}])([^{}]*+)(?=\{([^{}]*+)\})")
"""A rule begins where a brace, or nothing, precedes it. Tried at every letter, a sheet without rules would take time
in the square of its length."""
_CLASS = re.compile(r"\S+")
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
        self._sheet: dict[str, list[Sequence[str]]] = {}
        self._ruled = 0
        self._known: dict[str, int] = {}
        self._steps = 0

    def start(self, name: str, attributes: Mapping[str, str], pixels: int) -> None:
        """An element begins, with an embedded picture of so many *pixels*."""
        self._open.append((attributes.get("id", ""), self._cost, len(self._tokens)))
        self.elements += 1
        self._cost += (FILTER_COST if name.startswith("fe") else 1) + pixels // PIXELS_PER_ELEMENT
        for token in _tokens(name, attributes):
            self._tokens.append(token)
            if len(self._tokens) > _MOST_TOKENS:
                raise TooCostly(f"the drawing names more than {_MOST_TOKENS} things")

    def end(self) -> None:
        """The element that began last ends."""
        name, cost, tokens = self._open.pop()
        # The first of a name counts, as it does for the renderer.
        if name and name not in self._stretches:
            self._stretches[name] = (self._cost - cost, tokens, len(self._tokens))

    def sheet(self, css: str) -> None:
        """A style sheet, whose rules may refer to elements too."""
        for rule in _RULE.finditer(css):
            references = self._counted(_referenced(rule[2]))
            if references:
                for selector in set(self._counted(found[0] for found in _SELECTOR.finditer(rule[1]))):
                    self._sheet.setdefault(selector, []).append(references)

    def _counted(self, names: Iterable[str]) -> Sequence[str]:
        counted: list[str] = []
        for name in names:
            counted.append(name)
            self._ruled += 1
            if self._ruled > _MOST_RULED:
                raise TooCostly(f"the style sheets of the drawing refer to more than {_MOST_RULED} things")
        return counted

    @property
    def total(self) -> int:
        """Elements to draw, weighted.

        Raises:
            TooCostly: References lead from one to the next too often to follow.
        """
        return self._cost + self._followed(self._tokens, ())

    def _followed(self, tokens: Iterable[str], chain: tuple[str, ...]) -> int:
        if len(chain) > MOST_CHAIN:
            raise TooCostly(_TOO_OFTEN)
        cost = 0
        for token in tokens:
            if token.startswith("url#"):
                self._step()
                cost += self._target(token[4:], chain)
            for references in self._sheet.get(token, ()):
                self._step()
                cost += self._followed(references, chain)
        return cost

    def _step(self) -> None:
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise TooCostly(_TOO_OFTEN)

    def _target(self, name: str, chain: tuple[str, ...]) -> int:
        # A circle is not drawn by the renderer either.
        if name not in self._stretches or name in chain:
            return 0
        if name not in self._known:
            cost, begin, end = self._stretches[name]
            self._known[name] = cost + self._followed(self._tokens[begin:end], (*chain, name))
        return self._known[name]


def _tokens(name: str, attributes: Mapping[str, str]) -> Iterator[str]:
    """All that an element can be selected by, and all that it refers to."""
    yield name
    yield "*"
    for found in _CLASS.finditer(attributes.get("class", "")):
        yield f".{found[0]}"
    if "id" in attributes:
        yield f"#{attributes['id']}"
    if attributes.get("href", "").startswith("#"):
        yield "url" + attributes["href"]
    for value in attributes.values():
        yield from _referenced(value)


def _referenced(text: str) -> Iterator[str]:
    if "(" in text:
        for found in _REFERENCE.finditer(text):
            yield f"url#{found[1]}"
