import pytest

from origin import grammar
from origin.client import path_for, sign_path, sign_query
from origin.rawpath import split_signed
from origin.signing import KeyRing, pair_up, query_message

RING = KeyRing(pair_up(["aabb"], ["ccdd"]))


@pytest.mark.parametrize("encoded", [False, True])
@pytest.mark.parametrize("name", ["a.jpg", "a b@c?d#e%f+g.jpg", "é/写.png", "a%2Fb"])
def test_what_is_built_is_what_is_parsed(name: str, encoded: bool) -> None:
    source = f"https://img.example.com/{name}"
    signed = split_signed(sign_path(RING, path_for(source, ["rs:fill:3:2"], extension="webp", encoded=encoded)))
    assert signed is not None
    assert RING.verify(signed.signature, signed.rest)
    request = grammar.parse(signed.rest)
    assert request.source.url == source
    assert (request.recipe.resize.width_px, request.recipe.format) == (3, "webp")


def test_a_query_is_signed_again_when_it_changes() -> None:
    first = sign_query(RING, "/resize?url=local:///a.jpg&width=3")
    second = sign_query(RING, first.replace("width=3", "width=4"))
    for target in (first, second):
        path, _, query = target.partition("?")
        message, signature = query_message(path, query)
        assert RING.verify(signature, message)
    assert second.count("sig=") == 1


@pytest.mark.parametrize(
    "path", ["/fn:a%3Ab/plain/local:///a", "/fn:\u00e9/plain/local:///a", "/w:1/plain/local:///a?b", "/a b", ""]
)
def test_what_would_not_arrive_as_it_was_signed_is_not_signed(path: str) -> None:
    with pytest.raises(ValueError, match="would not arrive"):
        sign_path(RING, path)
