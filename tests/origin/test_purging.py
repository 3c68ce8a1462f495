import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origin import grammar, query
from origin.errors import BadRecipe, BadRequest, OriginError
from origin.grammar import Dialect
from origin.purging import asked_for, names, source_tag, tags
from origin.recipe import Effects, ImageRequest, Recipe, Resize, Scheme, SourceRef
from tests.recipes import effects, resizes

PICTURE = "/w:300/plain/https://img.example.com/a.jpg"
SOURCE = SourceRef(Scheme.HTTPS, "https://img.example.com/a.jpg")


def purge(**what: object) -> str:
    return asked_for(json.dumps(what).encode(), Dialect())[2]


@pytest.mark.parametrize(
    "url",
    [
        "https://cdn.example.com/signature/w:300/plain/https://img.example.com/a.jpg",
        "/signature/w:300/plain/https://img.example.com/a.jpg",
        "/other/width:300/aHR0cHM6Ly9pbWcuZXhhbXBsZS5jb20vYS5qcGc",
        "/unsafe/rs:fit:300/plain/https%3A%2F%2Fimg.example.com%2Fa.jpg",
        "/info/signature/w:300/plain/https://img.example.com/a.jpg",
        "/signature/w:300/exp:1/fn:name/plain/https://img.example.com/a.jpg",
    ],
)
def test_every_spelling_of_a_url_purges_the_same(url: str) -> None:
    assert purge(url=url) in names(grammar.parse(PICTURE))


@pytest.mark.parametrize(
    "path", ["/w:301/plain/https://img.example.com/a.jpg", "/w:300/plain/https://img.example.com/b.jpg"]
)
def test_another_url_is_not_purged(path: str) -> None:
    assert purge(url=f"/s{path}") not in names(grammar.parse(PICTURE))


def test_a_query_is_a_url_too() -> None:
    text = "url=https://img.example.com/a.jpg&width=300"
    assert purge(url=f"https://cdn.example.com/resize?{text}&sig=x") in names(ImageRequest(*query.parse(text)))


def test_a_source_purges_whatever_is_made_of_it() -> None:
    mark = "wmu:aHR0cHM6Ly9pbWcuZXhhbXBsZS5jb20vYS5qcGc"
    instead = "fiu:aHR0cHM6Ly9pbWcuZXhhbXBsZS5jb20vYS5qcGc"
    name = purge(source=SOURCE.url)
    for path in (PICTURE, f"/wm:1/{mark}/plain/local:///b.jpg", f"/{instead}/plain/local:///b.jpg"):
        assert name in names(grammar.parse(path))
    assert name not in names(grammar.parse("/w:300/plain/https://img.example.com/b.jpg"))


def test_a_source_is_purged_by_its_tag_as_well() -> None:
    assert purge(tag=source_tag(SOURCE)) == purge(source=SOURCE.url)


@pytest.mark.parametrize("tag", ["all", "host:img.example.com", "cb:spring"])
def test_a_tag_purges_whatever_has_it(tag: str) -> None:
    request = grammar.parse("/cb:spring/plain/https://img.example.com/a.jpg")
    assert tag in tags(request)
    assert purge(tag=tag) in names(request)


def test_a_local_source_has_a_host_to_be_purged_by() -> None:
    assert "host:local" in tags(grammar.parse("/plain/local:///a.jpg"))


@pytest.mark.parametrize("asked", ["HTTPS://IMG.Example.com/a.jpg", "https://img.example.com/a.jpg"])
def test_hosts_are_the_same_in_any_case(asked: str) -> None:
    for served in ("https://img.example.com/a.jpg", "https://IMG.example.com/a.jpg"):
        assert purge(source=asked) in names(grammar.parse(f"/w:300/plain/{served}"))
    assert purge(tag="host:IMG.example.com") in names(grammar.parse("/w:300/plain/https://img.Example.com/a.jpg"))


def test_a_host_is_purged_with_its_port_or_at_all_ports() -> None:
    served = names(grammar.parse("/plain/http://img.example.com:8080/a.jpg"))
    assert purge(tag="host:img.example.com") in served
    assert purge(tag="host:img.example.com:8080") in served
    assert purge(tag="host:img.example.com:8081") not in served


def test_no_kind_of_name_can_be_taken_for_another() -> None:
    assert len({purge(tag="https://img.example.com/a.jpg"), purge(source=SOURCE.url), purge(url=f"/s{PICTURE}")}) == 3


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json",
        b"[]",
        b"{}",
        b'"all"',
        b'{"url": 1}',
        b'{"url": ""}',
        b'{"tag": "two words"}',
        b'{"tag": "all", "url": "/a"}',
        b'{"key": "a"}',
        b'{"url": null}',
        b"[" * 10_000,
        b'\xff{"tag": "all"}',
        b'{"url": "/unsafe/plain/http://a/\\ud800"}',
    ],
)
def test_anything_else_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        asked_for(body, Dialect())


@pytest.mark.parametrize("body", [{"url": "/health"}, {"url": "/s/w:x/plain/local:///a.jpg"}, {"source": "a.jpg"}])
def test_what_is_none_of_ours_cannot_be_purged(body: dict[str, str]) -> None:
    with pytest.raises(BadRecipe):
        asked_for(json.dumps(body).encode(), Dialect())


@given(resizes, effects)
def test_whatever_can_be_asked_for_can_be_purged_by_its_url(resize: Resize, effect: Effects) -> None:
    request = ImageRequest(SOURCE, Recipe(resize=resize, effects=effect))
    assert purge(url=f"/signature{grammar.spell(request)}") in names(request)


@given(st.binary(max_size=200))
def test_no_body_does_anything_unexpected(body: bytes) -> None:
    with pytest.raises(OriginError) as refused:
        asked_for(body, Dialect())
    assert refused.value.status == 400
