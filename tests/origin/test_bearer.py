import pytest

from origin import bearer
from origin.errors import SwitchedOff, Unauthorized

TOKENS = ("0123456789abcdef", "fedcba9876543210")


@pytest.mark.parametrize("header", ["Bearer 0123456789abcdef", "bearer fedcba9876543210", "Bearer  0123456789abcdef "])
def test_any_of_the_tokens_opens(header: str) -> None:
    bearer.check(header, TOKENS, "uploads")


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic 0123456789abcdef", "0123456789abcdef", "Bearer 0123456789abcdeF", "Bearer é"],
)
def test_anything_else_does_not(header: str) -> None:
    with pytest.raises(Unauthorized):
        bearer.check(header, TOKENS, "uploads")


def test_without_tokens_nobody_passes() -> None:
    with pytest.raises(SwitchedOff):
        bearer.check("Bearer ", (), "uploads")
