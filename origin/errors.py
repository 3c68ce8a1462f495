"""Every way a request can fail, and what the outside is told about it.

Each class fixes the status, the public title, how long a cache may keep the
answer and whether its detail is for the log alone. Messages are facts with the
offending value; they never hold keys, tokens or signatures. Foreign exceptions
are translated into these once, at the door that lets them in.

Instances travel between threads and processes, so each can be pickled: the
arguments are exactly what ``__init__`` takes.
"""

import errno
import re
from typing import ClassVar, Final

EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.ENOSPC})
"""What the operating system says when we have used up what we may have: no source, and no client, is to blame."""

_LONGEST_QUOTE = 200
_QUOTE = re.compile(r"['\"]")


class OriginError(Exception):
    """A request that cannot be answered with a picture.

    Args:
        detail: One sentence for whoever sent the request.
    """

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal"
    title: ClassVar[str] = "Internal error"
    cache_s: ClassVar[int] = 0
    """Seconds a cache may keep the answer; 0 is ``no-store``."""
    retry_after_s: int | None = None
    confidential: ClassVar[bool] = False
    """Whether the detail is for the log alone."""
    reason: str = ""
    """Goes into the log in place of the detail, where whoever sent the request must not know it; empty: it is no
    secret."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    @property
    def told(self) -> str:
        """What the log says about it."""
        return self.reason or self.detail


class BadRecipe(OriginError):
    """The URL or the form says something that is not in the language.

    Args:
        segment: The offending piece of the URL, as it was sent.
        reason: What is wrong with it. What is quoted from the URL stands in quotes, and no quotes stand before it.
    """

    status = 400
    slug = "bad-recipe"
    title = "The URL is not understood"

    def __init__(self, segment: str, reason: str) -> None:
        self.segment = _shortened(segment)
        self.reason = _shortened(reason)
        super().__init__(f"{self.segment!r}: {self.reason}")

    @property
    def told(self) -> str:
        """The reason as far as it quotes nothing: what nobody understood may be anything, a password too.

        >>> BadRecipe("w:secret", "width: 'secret' is not a whole number").told
        'width: -'
        """
        said, *quoted = _QUOTE.split(self.reason, maxsplit=1)
        return f"{said}-" if quoted else said

    def __reduce__(self) -> tuple[type["BadRecipe"], tuple[str, str]]:
        return type(self), (self.segment, self.reason)


def _shortened(text: str) -> str:
    """*text* as far as it helps: whoever sent a hundred kilobytes need not get them back."""
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}..."


class BadRequest(OriginError):
    """The request cannot be read at all: a body without a picture, a broken form."""

    status = 400
    slug = "bad-request"
    title = "The request is not understood"


class Unauthorized(OriginError):
    """An upload without a token we know."""

    status = 401
    slug = "unauthorized"
    title = "A bearer token is needed"


class BadSignature(OriginError):
    """The path was not signed with a key of ours."""

    status = 403
    slug = "bad-signature"
    title = "The signature does not match"


class SwitchedOff(OriginError):
    """Something that this service does only where it was set up to."""

    status = 403
    slug = "switched-off"
    title = "This is not switched on"


class SourceForbidden(OriginError):
    """The source lies outside what this service may read."""

    status = 403
    slug = "source-forbidden"
    title = "The source is not allowed"


class NothingHere(OriginError):
    """A path that is neither ours nor signed."""

    status = 404
    slug = "nothing-here"
    title = "Nothing here"
    cache_s = 10


class MethodNotAllowed(OriginError):
    """A method the resource does not have."""

    status = 405
    slug = "method-not-allowed"
    title = "The method is not allowed here"


class TooSlow(OriginError):
    """An upload that came more slowly than it may."""

    status = 408
    slug = "too-slow"
    title = "The upload took too long"


class Expired(OriginError):
    """The URL carried an expiry, and it has passed."""

    status = 410
    slug = "expired"
    title = "The URL has expired"
    cache_s = 10


class TooLarge(OriginError):
    """An upload above the limit."""

    status = 413
    slug = "too-large"
    title = "The upload is too large"


class NotAnImage(OriginError):
    """The bytes are not a picture in a format this service reads."""

    status = 415
    slug = "not-an-image"
    title = "The source is not an image"
    cache_s = 10


class BrokenImage(OriginError):
    """A picture that a decoder refuses: cut short, damaged or inconsistent."""

    status = 422
    slug = "broken-image"
    title = "The image is damaged"
    cache_s = 10


class TooCostly(OriginError):
    """A source or a result beyond the limits, refused before a pixel is decoded."""

    status = 422
    slug = "too-costly"
    title = "The image is beyond the limits"
    cache_s = 10


class CannotWrite(OriginError):
    """The answer was asked for in a format this build does not write."""

    status = 422
    slug = "cannot-write"
    title = "The format cannot be written"


class TooManyRequests(OriginError):
    """A client has used up what it may ask for.

    Args:
        detail: What it may ask for.
        retry_after_s: After how many whole seconds it may again.
    """

    status = 429
    slug = "too-many-requests"
    title = "Too many requests"

    def __init__(self, detail: str, retry_after_s: int = 1) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s

    def __reduce__(self) -> tuple[type["TooManyRequests"], tuple[str, int]]:
        return type(self), (self.detail, self.retry_after_s or 1)


class SourceMissing(OriginError):
    """The source says there is no such image."""

    status = 404
    slug = "source-missing"
    title = "The source image does not exist"
    cache_s = 10


class SourceFailed(OriginError):
    """The source answered, but not with what was asked for, or hung up."""

    status = 502
    slug = "source-failed"
    title = "The source failed"


class SourceDown(SourceFailed):
    """The source's host is not well: it cannot be reached, hangs up, or says that it fails."""


class SourceNowhere(SourceDown):
    """The name of the source's host leads to no address that may be called.

    Whether it leads to any is for the log alone: whoever sent the request could find
    out what there is in a private network.

    Args:
        detail: The same for all such names.
        reason: For the log.
    """

    def __init__(self, detail: str, reason: str = "") -> None:
        super().__init__(detail)
        self.reason = reason

    def __reduce__(self) -> tuple[type["SourceNowhere"], tuple[str, str]]:
        return type(self), (self.detail, self.reason)


class SourceUnavailable(OriginError):
    """The source's host is not asked for now: it failed too often, or too many are asking it.

    Args:
        detail: Which host, and why.
        retry_after_s: When it is worth another try.
    """

    status = 503
    slug = "source-unavailable"
    title = "The source is not available"

    def __init__(self, detail: str, retry_after_s: int = 1) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s

    def __reduce__(self) -> tuple[type["SourceUnavailable"], tuple[str, int | None]]:
        return type(self), (self.detail, self.retry_after_s)


class SourceTimeout(OriginError):
    """The source took longer than its time."""

    status = 504
    slug = "source-timeout"
    title = "The source took too long"


class Overloaded(OriginError):
    """More work is waiting than can be done in time."""

    status = 503
    slug = "overloaded"
    title = "Too much to do"
    retry_after_s = 1


def lack(error: BaseException) -> Overloaded | None:
    """*error* as a lack of ours, if that is what it or one of its causes is.

    >>> lack(OSError(errno.EMFILE, "Too many open files"))
    Overloaded('the service has used up what it may have: Too many open files')
    """
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, MemoryError):
            return Overloaded("the service has used up the memory it may have")
        if isinstance(seen, OSError) and seen.errno in EXHAUSTED:
            return Overloaded(f"the service has used up what it may have: {seen.strerror}")
        seen = seen.__cause__ or seen.__context__
    return None


class Interrupted(OriginError):
    """Whoever was making the picture was stopped from outside. It is not the picture's fault; asking again may help."""

    status = 503
    slug = "interrupted"
    title = "The picture was not finished"
    retry_after_s = 1


class Forsaken(OriginError):
    """Whoever asked has hung up. The status, which nobody sees, is nginx's for this in its log."""

    status = 499
    slug = "client-gone"
    title = "Nobody waits for the picture any more"


class Internal(OriginError):
    """A fault of ours. The detail stays in the log."""

    confidential = True
