"""What of a request target may be told: no signature, and nothing of a source's URL that may be a secret.

A signature is as good as a password for its URL. A source's query often is a
signature of its own, and what stands before an ``@`` is a name and a password.

So what is told is what was understood, and is harmless: options with numbers and
words of the language, and of a source its `SourceRef.loggable`. In the place of
all else stands ``-``. To look for secrets in the text would be to bet that nobody
spells them in a way of his own.
"""

from itertools import takewhile
from typing import Final
from urllib.parse import parse_qsl, quote

from origin import grammar, query
from origin.errors import BadRecipe
from origin.options import BY_NAME
from origin.rawpath import Target, split_signed
from origin.recipe import SourceRef

_RESOURCES: Final = frozenset({"/", "/counters", "/health", "/info", "/purge", "/ready", "/resize"})
"""Whatever else has no second slash may be a signature that lost the rest of its URL."""
_HIDDEN: Final = "-"
_AS_IT_STANDS: Final = "/:,!*'()~"
_MOST_FIELDS: Final = 32


def loggable(target: Target) -> str:
    """*target* for the log. A source in base64 cannot be read anyway and is left out.

    >>> loggable(Target("/oKfUtW34/w:300/plain/https://me:pw%40x.example/a.jpg%3Ftoken=1@png", "sig=s&utm=1"))
    '/-/w:300/plain/https://x.example/a.jpg%3F-@png?-'
    >>> loggable(Target("/oKfUtW34/w:many/fn:mine/plain/https://me:pw@x.example/a.jpg", ""))
    '/-/w:-/fn:-/-'
    """
    path = _path(target.path)
    if not target.query:
        return path
    return f"{path}?{_fields(target.query) if path == '/resize' else _HIDDEN}"


def _path(path: str) -> str:
    if path in _RESOURCES:
        return path
    # /info has its signature one segment later.
    prefix = "/info" if path.startswith("/info/") else ""
    signed = split_signed(path.removeprefix(prefix))
    return f"{prefix}/{_HIDDEN}/{_rest(signed.rest[1:])}" if signed else f"{prefix}/{_HIDDEN}"


def _rest(rest: str) -> str:
    segments = rest.split("/")
    options = list(takewhile(lambda segment: ":" in segment, segments))
    told = [_option(option) for option in options] if len(options) <= grammar.MOST_OPTIONS else [_HIDDEN]
    return "/".join([*told, _source("/".join(segments[len(options) :]))])


def _option(segment: str) -> str:
    name = segment.partition(":")[0]
    if name not in BY_NAME:
        return _HIDDEN
    return segment if grammar.is_harmless(segment) else f"{name}:{_HIDDEN}"


def _source(text: str) -> str:
    if not text.startswith("plain/"):
        return _HIDDEN
    try:
        request = grammar.parse(f"/{text}")
    except BadRecipe:
        return _HIDDEN
    extension = request.recipe.format
    return f"plain/{_quoted(request.source)}{f'@{extension}' if extension else ''}"


def _fields(text: str) -> str:
    try:
        fields = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return _HIDDEN
    return "&".join(_field(name, value) for name, value in fields)


def _field(name: str, value: str) -> str:
    if name != "url" and name not in query.FIELDS:
        return _HIDDEN
    try:
        if name == "url":
            return f"url={_quoted(grammar.source_ref(value))}"
        query.parse_recipe({name: value})
    except BadRecipe:
        return f"{name}={_HIDDEN}"
    return f"{name}={quote(value)}"


def _quoted(source: SourceRef) -> str:
    return quote(source.loggable, safe=_AS_IT_STANDS)
