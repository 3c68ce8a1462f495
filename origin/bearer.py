"""Who may do what only some may: bearer tokens (RFC 6750), compared in constant time."""

import hmac
from collections.abc import Sequence

from origin.errors import SwitchedOff, Unauthorized


def check(authorization: str, tokens: Sequence[str], what: str) -> None:
    """Let only those pass who bear one of *tokens*.

    Args:
        authorization: The field as received, empty when absent.
        tokens: Those that open; none: nobody passes.
        what: What they are for, as the subject of a sentence in the plural.

    Raises:
        SwitchedOff: There are no tokens.
        Unauthorized: No token was sent, or none we know.
    """
    if not tokens:
        raise SwitchedOff(f"{what} are not switched on")
    scheme, _, given = authorization.partition(" ")
    bearer = given.strip().encode("utf-8", "replace") if scheme.lower() == "bearer" else b""
    # All are compared, so that the time taken does not tell which one was nearly right.
    matches = [hmac.compare_digest(bearer, token.encode()) for token in tokens]
    if not any(matches):
        raise Unauthorized(f"{what} need Authorization: Bearer with a token")
