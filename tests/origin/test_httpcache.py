import pytest
from hypothesis import given
from hypothesis import strategies as st

from origin.httpcache import (
    Lifetimes,
    age,
    cache_control,
    cache_status,
    content_disposition,
    entity_tags,
    error_cache_control,
    matching_tag,
)

LONG = Lifetimes(browser_s=100, edge_s=1000, stale_s=500, error_s=700)


@pytest.mark.parametrize(
    ("left_s", "lifetimes"),
    [
        (None, LONG),
        (10_000, LONG),
        (1200, Lifetimes(100, 1000, 200, 200)),
        (300, Lifetimes(100, 300, 0, 0)),
        (50, Lifetimes(50, 50, 0, 0)),
        (0, Lifetimes(0, 0, 0, 0)),
        (-5, Lifetimes(0, 0, 0, 0)),
    ],
)
def test_nothing_outlives_the_url(left_s: int | None, lifetimes: Lifetimes) -> None:
    assert LONG.capped(left_s) == lifetimes


seconds = st.integers(0, 10**6)


@given(st.builds(Lifetimes, seconds, seconds, seconds, seconds), st.integers(-10, 10**6))
def test_no_lifetime_and_no_stale_window_ever_outlives_the_url(lifetimes: Lifetimes, left: int) -> None:
    capped = lifetimes.capped(left)
    assert min(capped.browser_s, capped.edge_s, capped.stale_s, capped.error_s) >= 0
    assert max(capped.browser_s, capped.edge_s) + max(capped.stale_s, capped.error_s) <= max(left, 0)


@given(st.builds(Lifetimes, seconds, seconds, seconds, seconds), seconds)
def test_an_age_leaves_caches_at_least_half_of_every_lifetime(lifetimes: Lifetimes, age_s: int) -> None:
    told_s = age(age_s, lifetimes) or 0
    assert told_s in (0, age_s)
    for lifetime_s in filter(None, (lifetimes.browser_s, lifetimes.edge_s)):
        assert told_s <= lifetime_s / 2


def test_good_answers_may_be_kept_and_errors_hardly() -> None:
    assert cache_control(LONG) == "public, max-age=100, s-maxage=1000, stale-while-revalidate=500, stale-if-error=700"
    assert error_cache_control(0) == "no-store"
    assert error_cache_control(7) == "public, max-age=7"


TAG = '"abc"'


@pytest.mark.parametrize(
    ("field", "matches"),
    [
        ('"abc"', True),
        ('W/"abc"', True),
        ('"x", "abc"', True),
        ('"x" ,W/"abc" , "y"', True),
        (' "abc" ', True),
        ("*", True),
        (" * ", True),
        ('"x",,"abc"', True),
        ('"a,b", "abc"', True),
        ("", False),
        ('"abcd"', False),
        ("abc", False),
        ('"abc', False),
        ('w/"abc"', False),
        ('"abc" "x"', False),
        ('"x", *', False),
        ('"' + "x" * 9000 + '", "abc"', False),
        ('"x\n", "abc"', False),
    ],
)
def test_if_none_match_is_compared_weakly_as_a_list(field: str, matches: bool) -> None:
    assert matching_tag(field, TAG) is matches


@given(st.text())
def test_any_if_none_match_can_be_read(field: str) -> None:
    assert isinstance(entity_tags(field), tuple)


@given(st.lists(st.text(alphabet="abc,;*W/ !~", min_size=1).map(lambda text: text.replace(" ", "")), max_size=4))
def test_a_list_of_tags_is_read_back(names: list[str]) -> None:
    tags = tuple(f'"{name}"' for name in names)
    assert entity_tags(", ".join(tags)) == tags


@pytest.mark.parametrize(
    ("name", "attachment", "header"),
    [
        ("a.jpg", False, 'inline; filename="a.jpg"'),
        ("a.jpg", True, 'attachment; filename="a.jpg"'),
        ('a"b\\.jpg', False, "inline; filename=\"a_b_.jpg\"; filename*=UTF-8''a%22b%5C.jpg"),
        (
            "a\r\nSet-Cookie: x",
            False,
            "inline; filename=\"a__Set-Cookie: x\"; filename*=UTF-8''a%0D%0ASet-Cookie%3A%20x",
        ),
        ("写.png", False, "inline; filename=\"_.png\"; filename*=UTF-8''%E5%86%99.png"),
    ],
)
def test_any_name_makes_a_legal_header(name: str, attachment: bool, header: str) -> None:
    assert content_disposition(name, attachment=attachment) == header


def test_cache_status_says_what_happened() -> None:
    assert cache_status("hit", ttl_s=30, detail="memory") == "blendbeat; hit; ttl=30; detail=memory"
    assert cache_status("fwd=uri-miss", stored=True) == "blendbeat; fwd=uri-miss; stored"
