"""Source images from the web, within limits of time, size, redirects and address."""

from collections.abc import Sequence
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError, ReadTimeoutError

from origin.concurrency import Deadline
from origin.errors import BadRecipe, OriginError, SourceFailed, SourceForbidden, SourceMissing, SourceTimeout, TooCostly
from origin.recipe import Scheme, SourceRef
from origin.settings import SourceSettings
from origin.sources.allowlist import SourcePattern
from origin.sources.dialing import GuardedAdapter
from origin.version import VERSION

_CHUNK_BYTES = 64 * 1024
_REDIRECTS = (301, 302, 303, 307, 308)
_GONE = (404, 410)


class HttpSource:
    """Fetches ``http://`` and ``https://`` sources over kept-alive connections.

    Args:
        settings: The limits.
        deadline: Bounds a whole fetch, whatever it is waiting for.
    """

    def __init__(self, settings: SourceSettings, deadline: Deadline) -> None:
        self._settings = settings
        self._deadline = deadline
        self._session = _session(settings)

    def fetch(self, source: SourceRef) -> bytes:
        """The bytes of *source*, redirects followed, each hop judged like the first.

        Raises:
            SourceForbidden: An address, a scheme or a prefix that is not allowed.
            SourceMissing: The source says 404 or 410.
            SourceFailed: Any other status, a broken answer, too many redirects.
            SourceTimeout: It took too long, in one step or altogether.
            TooCostly: More bytes than the limit.
        """
        limit = self._settings.timeout_s
        with self._deadline(limit, SourceTimeout(f"{source.host} did not finish within {limit:g} s")):
            try:
                return self._follow(source)
            except (requests.RequestException, HTTPError, UnicodeError) as error:
                raise _translated(error, source) from error

    def _follow(self, source: SourceRef) -> bytes:
        hop = source
        for _ in range(self._settings.max_redirects + 1):
            with self._get(hop) as response:
                if response.status_code not in _REDIRECTS:
                    return self._body(response, hop)
                hop = _next_hop(hop, response.headers.get("Location", ""), self._settings.allowed)
        raise SourceFailed(f"{source.host} redirected more than {self._settings.max_redirects} times")

    def _get(self, source: SourceRef) -> requests.Response:
        parts = urlsplit(source.url)
        if parts.username is not None or "\\" in parts.netloc:
            raise SourceForbidden("the source's URL carries credentials")
        timeouts = (self._settings.connect_timeout_s, self._settings.read_timeout_s)
        try:
            return self._session.get(source.url, stream=True, allow_redirects=False, timeout=timeouts)
        except requests.ConnectionError as error:
            if not _lost_idle_connection(error):
                raise
            # The source closed a kept-alive connection just as we took it up; that says nothing about the source.
            return self._session.get(source.url, stream=True, allow_redirects=False, timeout=timeouts)

    def _body(self, response: requests.Response, source: SourceRef) -> bytes:
        if response.status_code in _GONE:
            raise SourceMissing(f"{source.host} answered {response.status_code}")
        if response.status_code != 200:
            raise SourceFailed(f"{source.host} answered {response.status_code}")
        limit = self._settings.max_bytes
        declared = response.headers.get("Content-Length", "")
        if declared.isdecimal() and int(declared) > limit:
            raise TooCostly(f"{source.host} declared {declared} bytes; at most {limit} are fetched")
        chunks: list[bytes] = []
        total = 0
        # The raw stream checks the length against Content-Length, and what arrives is counted after decompression.
        for chunk in response.raw.stream(_CHUNK_BYTES, decode_content=True):
            total += len(chunk)
            if total > limit:
                raise TooCostly(f"{source.host} sent more than {limit} bytes")
            chunks.append(chunk)
        return b"".join(chunks)


def _session(settings: SourceSettings) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # a proxy from the environment would dial in our place; .netrc would add credentials
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # requests must not remember one another
    session.headers.update(
        {"User-Agent": f"blendBeat/{VERSION}", "Accept": "image/*,*/*;q=0.8", "Accept-Encoding": "identity"}
    )
    adapter = GuardedAdapter(settings.networks)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def _next_hop(hop: SourceRef, location: str, allowed: Sequence[SourcePattern]) -> SourceRef:
    url = urljoin(hop.url, location)
    scheme = urlsplit(url).scheme
    if not location or scheme not in (Scheme.HTTP, Scheme.HTTPS):
        raise SourceFailed(f"{hop.host} redirected to no web address")
    if hop.scheme is Scheme.HTTPS and scheme == Scheme.HTTP:
        raise SourceFailed(f"{hop.host} redirected from https to http")
    target = SourceRef(Scheme(scheme), url)
    if allowed and not any(pattern.allows(target) for pattern in allowed):
        raise SourceForbidden(f"{hop.host} redirected to {target.host}, which is not among the allowed sources")
    return target


def _lost_idle_connection(error: requests.ConnectionError) -> bool:
    text = repr(error)
    return "RemoteDisconnected" in text or "ConnectionResetError" in text


def _translated(error: Exception, source: SourceRef) -> OriginError:
    if isinstance(error, requests.Timeout | ReadTimeoutError):
        return SourceTimeout(f"{source.host} was silent for too long")
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema | UnicodeError):
        return BadRecipe(source.url, "the source's URL cannot be called")
    return SourceFailed(f"{source.host} broke off or cannot be reached")
