import pytest

from origin.recipe import Scheme, SourceRef
from origin.sources.allowlist import parse_pattern


def allows(pattern: str, url: str) -> bool:
    """Judge *url* as the grammar hands it over: its scheme in lower case, the rest as it was sent."""
    return parse_pattern(pattern).allows(SourceRef(Scheme(url.split("://", 1)[0]), url))


@pytest.mark.parametrize(
    ("pattern", "url"),
    [
        ("https://img.example.com", "https://img.example.com/a.jpg"),
        ("https://img.example.com/", "https://img.example.com/a.jpg"),
        ("https://img.example.com/", "https://img.example.com"),
        ("https://img.example.com/", "https://img.example.com/"),
        ("https://img.example.com/photos/", "https://img.example.com/photos/2026/a.jpg"),
        ("https://img.example.com/photos/", "https://img.example.com/photos/"),
        ("https://img.example.com/pho", "https://img.example.com/photos/a.jpg"),
        ("https://img.example.com/a.jpg", "https://img.example.com/a.jpg?v=2"),
        ("https://img.example.com/photos/", "https://img.example.com/photos/a b.jpg"),
        ("https://img.example.com/photos/", "https://img.example.com/photos/été%20.jpg"),
        ("https://img.example.com/photos/", "https://img.example.com/photos/a..b.jpg"),
        ("https://img.example.com/photos/", "https://img.example.com/photos/...jpg"),
        ("https://img.example.com/photos/", "https://img.example.com/photos/a@2x.jpg"),
        ("https://img.example.com/photos/", "https://img.example.com/photos//a.jpg"),
    ],
)
def test_url_under_the_prefix_is_allowed(pattern: str, url: str) -> None:
    assert allows(pattern, url)


@pytest.mark.parametrize(
    ("pattern", "url"),
    [
        ("https://img.example.com/photos/", "https://img.example.com/"),
        ("https://img.example.com/photos/", "https://img.example.com"),
        ("https://img.example.com/photos/", "https://img.example.com/photos"),
        ("https://img.example.com/photos/", "https://img.example.com/private/photos/a.jpg"),
        ("https://img.example.com/photos/", "https://img.example.com//photos/a.jpg"),
        ("https://img.example.com/photos/", "https://img.example.com/Photos/a.jpg"),
        ("https://img.example.com/photos/", "https://img.example.com/?/photos/a.jpg"),
        ("https://img.example.com/photos/", "https://img.example.com/#/photos/a.jpg"),
        ("https://img.example.com/photos/", "https://img.example.com?/photos/a.jpg"),
        ("https://img.example.com/a.jpg", "https://img.example.com/axjpg"),
        ("https://img.example.com/a+b/", "https://img.example.com/aab/x"),
    ],
)
def test_url_beside_the_prefix_is_refused(pattern: str, url: str) -> None:
    assert not allows(pattern, url)


@pytest.mark.parametrize(
    "url",
    [
        "http://img.example.com/a.jpg",
        "https://img.example.com.evil.net/a.jpg",
        "https://img.example.comevil.net/a.jpg",
        "https://evil-img.example.com/a.jpg",
        "https://sub.img.example.com/a.jpg",
        "https://example.com/a.jpg",
        "https://imgxexample.com/a.jpg",
        "https://evil.net/img.example.com/",
        "https://evil.net/https://img.example.com/",
        "https://evil.net/?https://img.example.com/",
        "https://evil.net/#https://img.example.com/",
        "https://evil.net#img.example.com/",
        "https://evil.net?img.example.com/",
        "https:///img.example.com/",
        "https://",
        "https://.img.example.com/",
        "https://img..example.com/",
        "https://img.example.com%2eevil.net/",
        "https://img.example.com%00.evil.net/",
        "https://img.example.com%2f@evil.net/",
        "https://img.example.com;evil.net/",
        "https://img.example.com&evil.net/",
        "https://img.example.com,evil.net/",
        "https://img.example.com evil.net/",
        "https://img.example.com\u3002evil.net/",
        "https://img.example.com\uff0eevil.net/",
        "https://img.example.com\uff0fevil.net/",  # a wide solidus
        "https://img.example.com\u2100evil.net/",  # a/c in one character
        "https://im\u0261.example.com/",  # a g of another alphabet
        "https://[img.example.com]/",
        "https://[::1]/",
        "https://[::1]img.example.com/",
        "https://img.example.com[::1]/",
        "https://[img.example.com/",
        "https://img.example.com]/",
    ],
)
def test_host_that_only_looks_like_the_allowed_one_is_refused(url: str) -> None:
    assert not allows("https://img.example.com/", url)


@pytest.mark.parametrize(
    "url",
    [
        "https://img.example.com@evil.net/",
        "https://img.example.com:443@evil.net/",
        "https://evil.net@img.example.com/",
        "https://user:secret@img.example.com/",
        "https://user@img.example.com/",
        "https://@img.example.com/",
        "https://:@img.example.com/",
        "https://evil.net\\@img.example.com/",
        "https://img.example.com\\@evil.net/",
        "https://img.example.com@evil.net@img.example.com/",
    ],
)
def test_credentials_are_refused_even_for_the_allowed_host(url: str) -> None:
    assert not allows("https://img.example.com/", url)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.net\\.img.example.com/",
        "https://img.example.com\\.evil.net/",
        "https://\\img.example.com/",
        "https:\\\\img.example.com/",
        "https://\\\\evil.net/",
    ],
)
def test_backslash_in_the_host_is_refused(url: str) -> None:
    assert not parse_pattern("https://img.example.com/").allows(SourceRef(Scheme.HTTPS, url))


def test_star_in_the_host_matches_no_backslash() -> None:
    assert not allows("http://*.example.com/", "http://134744072\\.example.com/")


def test_dotless_i_is_another_host() -> None:
    assert not allows("https://img.example.com/", "https://\u0131mg.example.com/a.jpg")


@pytest.mark.parametrize(
    "path",
    [
        "../secret.jpg",
        "./../secret.jpg",
        "..",
        ".",
        "a/../../secret.jpg",
        "a/./b.jpg",
        "%2e%2e/secret.jpg",
        "%2E%2E/secret.jpg",
        ".%2e/secret.jpg",
        "%2e./secret.jpg",
        "..%2fsecret.jpg",
        "%2e%2e%2fsecret.jpg",
        "%252e%252e/secret.jpg",
        "%252e%252e%252fsecret.jpg",
        "..%252fsecret.jpg",
        "..\\secret.jpg",
        "a\\..\\..\\secret.jpg",
        "..%5csecret.jpg",
        "..%255csecret.jpg",
        "%2e%2e%5csecret.jpg",
        ".\t./secret.jpg",
        "%2e/a.jpg",
    ],
)
def test_dot_segments_are_refused_however_they_are_encoded(path: str) -> None:
    assert not allows("https://img.example.com/photos/", f"https://img.example.com/photos/{path}")


def test_dots_in_the_query_are_not_dot_segments() -> None:
    assert allows("https://img.example.com/photos/", "https://img.example.com/photos/a.jpg?path=../x")


@pytest.mark.parametrize(
    ("pattern", "url"),
    [
        ("https://img.example.com/", "https://IMG.Example.COM/a.jpg"),
        ("https://IMG.Example.com/", "https://img.example.com/a.jpg"),
        ("HTTPS://img.example.com/", "https://img.example.com/a.jpg"),
        ("https://*.EXAMPLE.com/", "https://img.example.COM/a.jpg"),
    ],
)
def test_case_of_the_host_does_not_matter(pattern: str, url: str) -> None:
    assert allows(pattern, url)


def test_host_with_a_trailing_dot_is_another_host() -> None:
    assert not allows("https://img.example.com/", "https://img.example.com./a.jpg")
    assert not allows("https://*.example.com/", "https://img.example.com./a.jpg")


@pytest.mark.parametrize(
    ("pattern", "url"),
    [
        ("https://img.example.com/", "https://img.example.com:443/a.jpg"),
        ("https://img.example.com/", "https://img.example.com:/a.jpg"),
        ("https://img.example.com:443/", "https://img.example.com/a.jpg"),
        ("http://img.example.com/", "http://img.example.com:80/a.jpg"),
        ("http://img.example.com:80/", "http://img.example.com/a.jpg"),
        ("https://img.example.com:8443/", "https://img.example.com:8443/a.jpg"),
        ("https://img.example.com:8443/", "https://img.example.com:08443/a.jpg"),
    ],
)
def test_port_is_the_scheme_s_unless_it_is_named(pattern: str, url: str) -> None:
    assert allows(pattern, url)


@pytest.mark.parametrize(
    ("pattern", "url"),
    [
        ("https://img.example.com/", "https://img.example.com:8443/a.jpg"),
        ("https://img.example.com/", "https://img.example.com:80/a.jpg"),
        ("https://img.example.com:8443/", "https://img.example.com/a.jpg"),
        ("http://img.example.com/", "http://img.example.com:443/a.jpg"),
        ("http://img.example.com/", "http://img.example.com:22/a.jpg"),
        ("http://img.example.com/", "http://img.example.com:99999/a.jpg"),
        ("http://img.example.com/", "http://img.example.com:-80/a.jpg"),
        ("http://img.example.com/", "http://img.example.com:80:80/a.jpg"),
        ("http://img.example.com/", "http://img.example.com:80x/a.jpg"),
        ("http://img.example.com/", "http://img.example.com:\uff18\uff10/a.jpg"),
    ],
)
def test_another_port_is_another_place(pattern: str, url: str) -> None:
    assert not allows(pattern, url)


@pytest.mark.parametrize(
    ("pattern", "url"),
    [
        ("https://*.example.com/", "https://img.example.com/a.jpg"),
        ("https://*.example.com/", "https://img-7.example.com/a.jpg"),
        ("https://img*.example.com/", "https://img.example.com/a.jpg"),
        ("https://img*.example.com/", "https://img7.example.com/a.jpg"),
        ("https://*-img.*.example.com/", "https://a-img.eu.example.com/a.jpg"),
        ("https://img.example.com/*/public/", "https://img.example.com/anna/public/a.jpg"),
        ("https://img.example.com/u*/public/", "https://img.example.com/u17/public/a.jpg"),
        ("https://img.example.com/*", "https://img.example.com/anna/public/a.jpg"),
    ],
)
def test_star_stands_for_anything_inside_one_label_or_segment(pattern: str, url: str) -> None:
    assert allows(pattern, url)


@pytest.mark.parametrize(
    ("pattern", "url"),
    [
        ("https://*.example.com/", "https://example.com/a.jpg"),
        ("https://*.example.com/", "https://a.b.example.com/a.jpg"),
        ("https://*.example.com/", "https://evil.net/.example.com/"),
        ("https://*.example.com/", "https://evil.net?.example.com/"),
        ("https://*.example.com/", "https://evil.net#.example.com/"),
        ("https://*.example.com/", "https://evil.net:443#.example.com/"),
        ("https://*.example.com/", "https://x@.example.com/"),
        ("https://*.example.com/", "https://x.example.com.evil.net/"),
        ("https://img.*/", "https://img.example.com/a.jpg"),
        ("https://img.example.com/*/public/", "https://img.example.com/public/a.jpg"),
        ("https://img.example.com/*/public/", "https://img.example.com/a/b/public/a.jpg"),
        ("https://img.example.com/*/public/", "https://img.example.com/../public/a.jpg"),
        ("https://img.example.com/*/public/", "https://img.example.com/a?/public/a.jpg"),
    ],
)
def test_star_never_leaves_its_label_or_segment(pattern: str, url: str) -> None:
    assert not allows(pattern, url)


def test_ipv6_literal_is_a_host_like_any_other() -> None:
    assert allows("http://[2001:db8::1]:8080/", "http://[2001:DB8::1]:8080/a.jpg")
    assert not allows("http://[2001:db8::1]:8080/", "http://[2001:db8::1]/a.jpg")
    assert not allows("http://[2001:db8::1]/", "http://[2001:db8::2]/a.jpg")
    assert not allows("http://[::1]/", "http://[::1%25lo]/a.jpg")
    assert not allows("http://[::1]/", "http://[::1/a.jpg")


@pytest.mark.parametrize(
    ("pattern", "url", "allowed"),
    [
        ("s3://photos", "s3://photos/a.jpg", True),
        ("s3://photos/", "s3://photos/a.jpg", True),
        ("s3://photos/2026/", "s3://photos/2026/a.jpg?v3", True),
        ("s3://photos-*/", "s3://photos-eu/a.jpg", True),
        ("s3://photos/2026/", "s3://photos/2025/a.jpg", False),
        ("s3://photos/", "s3://photos-private/a.jpg", False),
        ("s3://photos/", "https://photos/a.jpg", False),
        ("s3://photos/2026/", "s3://photos/2026/../2025/a.jpg", False),
        ("s3://photos/", "s3://key:secret@photos/a.jpg", False),
        ("local://", "local:///a.jpg", True),
        ("local:///", "local:///deep/er/a.jpg", True),
        ("local:///photos/", "local:///photos/a.jpg", True),
        ("local:///photos/", "local:///photos/50%.jpg", True),
        ("local:///photos/", "local:///photos/what?.jpg", True),
        ("local:///photos/", "local:///secret/a.jpg", False),
        ("local:///photos/", "local:///photos/../secret/a.jpg", False),
        ("local:///photos/", "local:////photos/a.jpg", False),
        ("local:///photos/", "local:///a.jpg?/photos/", False),
        ("local://", "local://host/a.jpg", False),
        ("local://", "http://host/a.jpg", False),
        ("https://img.example.com/", "local:///img.example.com/", False),
    ],
)
def test_buckets_and_directories_have_prefixes_too(pattern: str, url: str, allowed: bool) -> None:
    assert allows(pattern, url) is allowed


@pytest.mark.parametrize("pattern", ["local:///*/public/", "https://img.example.com/*/public/"])
def test_star_alone_in_a_segment_matches_no_empty_one(pattern: str) -> None:
    assert not allows(pattern, pattern.replace("*/public/", "/public/a.jpg"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        "img.example.com",
        "img.example.com/photos/",
        "//img.example.com/",
        "https:img.example.com",
        "https:/img.example.com/",
        "https://",
        "https:///photos/",
        "https://:443/",
        "s3://",
        "s3:///key",
        "file:///etc/",
        "ftp://img.example.com/",
        "javascript://img.example.com/",
        "*://img.example.com/",
        "http*://img.example.com/",
        "https://user@img.example.com/",
        "https://user:secret@img.example.com/",
        "https://@img.example.com/",
        "https://img.example.com/?a=1",
        "https://img.example.com/#a",
        "https://img.example.com:port/",
        "https://img.example.com:*/",
        "https://img.example.com:99999/",
        "https://[::1/",
        "https://[*]/",
        "local://host/path",
        "local:/path",
        "local",
    ],
)
def test_what_is_no_prefix_is_refused_at_start(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_pattern(text)


def test_refusal_of_a_pattern_names_it() -> None:
    with pytest.raises(ValueError, match=r"'ftp://img\.example\.com/'"):
        parse_pattern("ftp://img.example.com/")


def test_signs_of_regular_expressions_in_a_pattern_mean_themselves() -> None:
    assert allows("https://img.example.com/a(b|c)+$/", "https://img.example.com/a(b|c)+$/x.jpg")
    assert not allows("https://img.example.com/a(b|c)+$/", "https://img.example.com/abb/x.jpg")
    assert not allows("https://img.example.com/.*", "https://img.example.com/x")


@pytest.mark.parametrize("url", ["https://[", "https://[::1", "https://a:b", "https://exa\u2100mple.com/"])
def test_url_that_cannot_be_read_lies_under_no_prefix(url: str) -> None:
    assert not allows("https://*/", url)
