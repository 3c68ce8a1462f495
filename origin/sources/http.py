"""Source images from the web, within limits of time, size, redirects and address."""

from collections.abc import Callable, Iterator, Sequence
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError, ProtocolError, ReadTimeoutError

from cachetiers.key import digest
from origin.concurrency import Deadline
from origin.errors import (
    BadRecipe,
    OriginError,
    SourceDown,
    SourceFailed,
    SourceForbidden,
    SourceMissing,
    SourceTimeout,
    TooCostly,
    lack,
)
from origin.recipe import Scheme, SourceRef
from origin.settings import SourceSettings
from origin.sources.allowlist import SourcePattern
from origin.sources.conditions import conditions, validators_in
from origin.sources.dialing import GuardedAdapter, Resolve, resolved
from origin.sources.freight import Freight
from origin.sources.held import NONE, SourceImage, Validators
from origin.sources.metered import metered
from origin.sources.unpacking import unpacked
from origin.version import VERSION

_CHUNK_BYTES = 64 * 1024
"""At once, and to begin with."""
_LARGEST_CHUNK_BYTES = 1024 * 1024

_NOT_MODIFIED = 304
_REDIRECTS = (301, 302, 303, 307, 308)
_GONE = (404, 410)
_TOO_MANY_REQUESTS = 429
_MOST_DIGITS = 18
_FAILURES: dict[str, tuple[type[SourceFailed], str]] = {
    "SSLError": (SourceDown, "cannot be trusted: its certificate or its TLS is wrong"),
    "NewConnectionError": (SourceDown, "refuses the connection"),
    "IncompleteRead": (SourceDown, "sent less than it announced"),
    "InvalidChunkLength": (SourceDown, "broke off in the middle"),
    "RemoteDisconnected": (SourceDown, "hung up without an answer"),
    "ConnectionResetError": (SourceDown, "hung up"),
}
"""What an operator wants to know, by the name of the innermost error: requests wraps it several times."""

_HEADERS = {
    "User-Agent": f"blendBeat/{VERSION}",
    "Accept": "image/*,*/*;q=0.8",
    # Pictures are compressed already; what comes encoded all the same is counted after decoding.
    "Accept-Encoding": "identity",
}


class HttpSource:
    """Fetches ``http://`` and ``https://`` sources over kept-alive connections.

    Args:
        settings: The limits.
        deadline: Bounds a whole fetch, whatever it is waiting for.
        breathe: Called after every read and every part of a body: a source that is faster than we are never makes us
            wait.
        freight: What all fetches together may hold.
        resolve: Finds the addresses of hosts.
    """

    def __init__(
        self,
        settings: SourceSettings,
        deadline: Deadline,
        breathe: Callable[[], None] = lambda: None,
        freight: Freight | None = None,
        resolve: Resolve = resolved,
    ) -> None:
        self._settings = settings
        self._deadline = deadline
        self._breathe = breathe
        self._freight = freight or Freight()
        # Without a session: it would remember cookies, ask the environment for proxies, and read redirects whole.
        self._adapter = GuardedAdapter(settings.networks, settings.ports, metered(settings.max_bytes, breathe), resolve)

    def fetch(self, source: SourceRef, held: Validators = NONE) -> SourceImage | None:
        """The bytes of *source*, or None if it says that *held* still names them.

        Redirects are followed and each hop is judged like the first. What is held goes to
        the address it is from, and to no other: there a tag could name another picture,
        and any date be later than it.

        Raises:
            SourceForbidden: An address, a scheme or a prefix that is not allowed.
            SourceMissing: The source says 404 or 410.
            SourceFailed: Any other status, a 304 nobody asked for, a broken answer, too many redirects.
            SourceNowhere: Its name leads to no address that may be called, or to none.
            SourceDown: There is no answer, or one that says that the host itself fails (5xx, 429).
            SourceTimeout: It took too long, in one step or altogether.
            TooCostly: More bytes than the limit, as they were sent or decompressed.
            Overloaded: There is no room for them beside what others fetch, or no file left to fetch them with.
        """
        first = _first_request(source, held.at(""))
        limit = self._settings.timeout_s
        with self._deadline(limit, SourceTimeout(f"{source.host} did not finish within {limit:g} s")):
            try:
                return self._follow(source, first, held)
            except (requests.RequestException, HTTPError, ValueError) as error:
                # ValueError: what a hostile Location or length makes of the parsers in the standard library.
                raise _translated(error, source) from error

    def _follow(self, source: SourceRef, sent: requests.PreparedRequest, held: Validators) -> SourceImage | None:
        hop, target = source, ""
        for _ in range(self._settings.max_redirects + 1):
            with self._send(sent) as response:
                if response.status_code == _NOT_MODIFIED and held.at(target):
                    # Nothing comes, but only what has been read leaves its connection to the next request. No more than
                    # a byte is asked for: some would send endless chunks.
                    response.raw.read(1, decode_content=False)
                    return None
                if response.status_code not in _REDIRECTS:
                    return SourceImage(self._body(response, hop), validators_in(response.headers, target))
                hop = _next_hop(hop, response.headers.get("Location", ""), self._settings.allowed)
            target = digest(hop.url)
            sent = _request(hop, held.at(target))
        raise SourceFailed(f"{source.host} redirected more than {self._settings.max_redirects} times")

    def _send(self, sent: requests.PreparedRequest) -> requests.Response:
        timeouts = (self._settings.connect_timeout_s, self._settings.read_timeout_s)
        try:
            return self._adapter.send(sent, stream=True, timeout=timeouts)
        except requests.ConnectionError as error:
            if not _lost_idle_connection(error):
                raise
            # The source closed a kept-alive connection just as we took it up; that says nothing about the source.
            return self._adapter.send(sent, stream=True, timeout=timeouts)

    def _body(self, response: requests.Response, source: SourceRef) -> bytes:
        if response.status_code in _GONE:
            raise SourceMissing(f"{source.host} answered {response.status_code}")
        if response.status_code >= 500 or response.status_code == _TOO_MANY_REQUESTS:
            raise SourceDown(f"{source.host} answered {response.status_code}")
        if response.status_code != 200:
            raise SourceFailed(f"{source.host} answered {response.status_code}")
        limit = self._settings.max_bytes
        declared = response.headers.get("Content-Length", "")
        if declared.isdecimal() and (len(declared) > _MOST_DIGITS or int(declared) > limit):
            raise TooCostly(f"{source.host} declared {declared[:_MOST_DIGITS]} bytes; at most {limit} are fetched")
        chunks: list[bytes] = []
        total = 0
        with self._freight.carrying() as carry:
            # The raw stream checks the length against Content-Length, and what arrives is counted after decompression.
            # That is ours: urllib3 goes on for seconds without a turn for others where what it unpacks is nothing.
            for chunk in unpacked(_chunks(response), response.headers.get("Content-Encoding", ""), source.host):
                total += len(chunk)
                if total > limit:
                    raise TooCostly(f"{source.host} sent more than {limit} bytes")
                carry(len(chunk))
                chunks.append(chunk)
                self._breathe()
            return b"".join(chunks)


def _chunks(response: requests.Response) -> Iterator[bytes]:
    """The body part by part, as it is sent.

    Small parts cost as much as large ones, so those of a plain body double: what has come and is not yet counted is
    never more than what is, and the first part.
    """
    raw = response.raw
    if "Content-Encoding" in response.headers or raw.chunked:
        yield from raw.stream(_CHUNK_BYTES, decode_content=False)
        return
    size_bytes = _CHUNK_BYTES
    while chunk := raw.read(size_bytes, decode_content=False):
        yield chunk
        size_bytes = min(2 * size_bytes, _LARGEST_CHUNK_BYTES)


def _first_request(source: SourceRef, asked: Validators) -> requests.PreparedRequest:
    try:
        return _request(source, asked)
    except (requests.RequestException, ValueError):
        raise BadRecipe(source.loggable, "the URL of the source cannot be called") from None


def _request(source: SourceRef, asked: Validators) -> requests.PreparedRequest:
    # A backslash ends the host for some parsers and not for others, so it can hide credentials or another host.
    if "@" in (authority := urlsplit(source.url).netloc) or "\\" in authority:
        raise SourceForbidden("the source's URL carries credentials")
    if not source.has_plain_host:
        raise ValueError("a host that is neither a name nor an address")
    # Without cookies, a body and credentials, which nothing here has and which take three quarters of `prepare`.
    request = requests.PreparedRequest()
    request.prepare_method("GET")
    request.prepare_url(source.url, None)
    request.prepare_headers(_HEADERS | conditions(asked))
    return request


def _next_hop(hop: SourceRef, location: str, allowed: Sequence[SourcePattern]) -> SourceRef:
    url = urljoin(hop.url, location)
    parts = urlsplit(url)
    if not location or parts.scheme not in (Scheme.HTTP, Scheme.HTTPS) or not parts.hostname:
        raise SourceFailed(f"{hop.host} redirected to no web address")
    if hop.scheme is Scheme.HTTPS and parts.scheme == Scheme.HTTP:
        raise SourceFailed(f"{hop.host} redirected from https to http")
    target = SourceRef(Scheme(parts.scheme), url)
    if allowed and not any(pattern.allows(target) for pattern in allowed):
        raise SourceForbidden(f"{hop.host} redirected to {target.host}, which is not among the allowed sources")
    return target


def _lost_idle_connection(error: requests.ConnectionError) -> bool:
    cause = error.args[0] if error.args else None
    return isinstance(cause, ProtocolError) and any(isinstance(part, ConnectionResetError) for part in cause.args)


def _translated(error: Exception, source: SourceRef) -> OriginError:
    if (ours := lack(error)) is not None:
        return ours
    if isinstance(error, requests.Timeout | ReadTimeoutError):
        return SourceTimeout(f"{source.host} was silent for too long")
    told = repr(error)
    for kind, (failure, what) in _FAILURES.items():
        if kind in told:
            return failure(f"{source.host} {what}")
    # A wrong address that it redirects to is a matter of one picture; what cannot even be read is one of the host.
    failure = SourceDown if isinstance(error, requests.ConnectionError | HTTPError) else SourceFailed
    return failure(f"{source.host} answered with what is no HTTP: {type(error).__name__}")
