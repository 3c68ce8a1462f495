import pytest
from hypothesis import given
from hypothesis import strategies as st

from origin.rawpath import SignedPath, Target, mended, split_signed, target_of


@pytest.mark.parametrize(
    ("raw", "target"),
    [
        ("/s/w:1/plain/a", Target("/s/w:1/plain/a", "")),
        ("/s/plain/a?utm=1?2", Target("/s/plain/a", "utm=1?2")),
        ("http://cdn.example.com/s/plain/a", Target("/s/plain/a", "")),
        ("HTTPS://cdn.example.com:8443/s/plain/https://x/y?z", Target("/s/plain/https://x/y", "z")),
        ("http://cdn.example.com", Target("/", "")),
        ("http://cdn.example.com?q", Target("/", "q")),
        ("*", Target("/*", "")),
        ("/", Target("/", "")),
        ("//evil/plain", Target("//evil/plain", "")),
    ],
)
def test_the_target_is_cut_and_never_decoded(raw: str, target: Target) -> None:
    assert target_of(raw) == target


def test_what_stands_between_the_first_two_slashes_is_the_signature() -> None:
    assert split_signed("/sig/w:1/plain/a%2Fb") == SignedPath("sig", "/w:1/plain/a%2Fb")
    assert split_signed("/sig/") == SignedPath("sig", "/")
    assert split_signed("//w:1") == SignedPath("", "/w:1")
    assert split_signed("/favicon.ico") is None
    assert split_signed("/") is None


@pytest.mark.parametrize(
    ("mangled", "signed"),
    [
        ("rs%3Afit%3A300/plain/https://x/a", "rs:fit:300/plain/https://x/a"),
        ("w:1/h%3A2/aHR0cA", "w:1/h:2/aHR0cA"),
        ("w:1/plain/https:/x/a.jpg", "w:1/plain/https://x/a.jpg"),
        ("plain/http:/x/a.jpg", "plain/http://x/a.jpg"),
        ("plain/s3:/bucket/key", "plain/s3://bucket/key"),
        ("plain/local:/a.jpg", "plain/local:///a.jpg"),
        ("plain/local://a.jpg", "plain/local:///a.jpg"),
    ],
)
def test_what_proxies_do_to_a_path_is_undone(mangled: str, signed: str) -> None:
    assert mended(mangled) == signed


@pytest.mark.parametrize(
    "path",
    [
        "w:1/plain/https://x/a",
        "plain/local:///a",
        "w%3a1/plain/local:///a",  # lower case is no proxy's doing
        "plain/https%3A//x/a",  # the source is percent-encoded by its owner
        "w:1/plain/https://x/b%3Ac",
        "aHR0cHM6/Ly94L2E",
        "plain",
        "",
        "w:1",
    ],
)
def test_a_path_that_nobody_mangled_comes_out_as_it_went_in(path: str) -> None:
    assert mended(path) == path


@given(st.text())
def test_mending_twice_is_mending_once(path: str) -> None:
    assert mended(mended(path)) == mended(path)
