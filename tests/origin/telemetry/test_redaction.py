import base64
import socket
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from origin import grammar, query
from origin.answers import problem
from origin.app import build_application
from origin.errors import OriginError
from origin.rawpath import Target, split_signed, target_of
from origin.settings import Settings
from origin.sources import s3
from origin.sources.http import HttpSource
from origin.sources.router import Sources
from origin.telemetry.redaction import loggable

SETTINGS = Settings.from_environ({"BLENDBEAT_ALLOW_UNSIGNED": "1"}).sources


@pytest.mark.parametrize(
    ("path", "query", "told"),
    [
        ("/health", "", "/health"),
        ("/SECRET/w:1/plain/local:///a.jpg", "", "/-/w:1/plain/local:///a.jpg"),
        ("/SECRET/w:1/plain/local:///a.jpg@png", "utm=1", "/-/w:1/plain/local:///a.jpg@png?-"),
        ("/SECRET/plain/https://x/a%3FX-Amz-Signature=SECRET@png", "", "/-/plain/https://x/a%3F-@png"),
        ("/SECRET/plain/https://me:SECRET%40x/a", "", "/-/plain/https://x/a"),
        ("/SECRET/plain/https%3A%2F%2Fme%3ASECRET%40x%2Fa", "", "/-/plain/https://x/a"),
        ("/SECRET/plain/https:%2F/me:SECRET%40x/a", "", "/-/plain/https://x/a"),
        ("/SECRET/plain/https://x/a%20b%2520c%402x.png", "", "/-/plain/https://x/a%20b%2520c%402x.png"),
        ("/SECRET/plain/https://me:SECRET@x/a", "", "/-/-"),
        ("/SECRET/plain/https://me:SECRET@x/a@png", "", "/-/-"),
        ("/SECRET/plain/https%3A//me:SECRET@x/a", "", "/-/-"),
        ("/SECRET/plain/https://me:SECRET/SECRET%40x/a", "", "/-/plain/https://-"),
        ("/SECRET/plain/s3://SECRET:SECRET%40photos/a.jpg", "", "/-/plain/s3://photos/a.jpg"),
        ("/SECRET/w:1/U0VDUkVUU0VDUkVU", "", "/-/w:1/-"),
        ("/SECRET/w:1/U0VD/UkVU.png", "", "/-/w:1/-"),
        ("/SECRET/w:1/U0VD:UkVU", "", "/-/w:1/-/-"),
        (
            "/resize",
            "url=https%3A%2F%2Fx%2Fa%3Ftoken%3DSECRET&width=3&sig=SECRET",
            "/resize?url=https://x/a%3F-&width=3&-",
        ),
        ("/resize", "sig=SECRET&url=https://me:SECRET%40x/a", "/resize?-&url=https://x/a"),
        ("/resize", "url=me:SECRET%40x/a&width=SECRET&SECRET=1", "/resize?url=-&width=-&-"),
        ("/SECRET/x", "sig=SECRET", "/-/-?-"),
        ("/SECRETSECRETSECRET", "", "/-"),
        ("/SECRET", "", "/-"),
        ("/SECRET/wmu:U0VDUkVU/fiu:U0VDUkVU/plain/local:///a.jpg", "", "/-/wmu:-/fiu:-/plain/local:///a.jpg"),
        ("/SECRET/WMU:U0VDUkVU/FIU:U0VDUkVU/plain/local:///a.jpg", "", "/-/-/-/plain/local:///a.jpg"),
        ("/SECRET/pr:U0VDUkVU/cb:U0VDUkVU/w:U0VDUkVU/rs:fit:3/x", "", "/-/pr:-/cb:-/w:-/rs:fit:3/-"),
        ("/resize", "SIG=SECRET&SECRET&width=3", "/resize?-&-&width=3"),
        ("/resize", "&".join(["SECRET"] * 99), "/resize?-"),
        ("/info/SECRETSECRETSECRET", "", "/info/-"),
        ("/info/SECRET/w:1/plain/local:///a.jpg", "", "/info/-/w:1/plain/local:///a.jpg"),
    ],
)
def test_no_secret_is_told(path: str, query: str, told: str) -> None:
    assert loggable(Target(path, query)) == told


SECRET = "Zq7Xw9Vk3TsN"
CREDENTIALS = [f"me:{SECRET}", SECRET, f"{SECRET}:", f":{SECRET}", f"me:12/{SECRET}", f"me:1?{SECRET}", f"a/{SECRET}"]
BEHIND = [f"?sig={SECRET}", f"#{SECRET}", f"%3Fsig={SECRET}", f"%253F{SECRET}", f"&t={SECRET}", f";t={SECRET}", "?"]


def base64url(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _every(signs: str) -> Callable[[str], str]:
    return lambda text: "".join(f"%{ord(sign):02X}" if sign in signs else sign for sign in text)


spellings = st.sampled_from(
    [
        str,
        base64url,
        lambda text: f"{base64url(text)[:9]}:{base64url(text)[9:]}",
        lambda text: f"{base64url(text)[:9]}/{base64url(text)[9:]}",
        lambda text: quote(text, safe=""),
        lambda text: quote(quote(text, safe="")),
        quote,
        str.upper,
        _every("@"),
        _every("@?#%"),
        _every("@/"),
        _every(":@"),
        _every(f"@{SECRET}"),
        lambda text: text.replace("%40", "@").replace("://", ":/"),
        lambda text: text.replace("://", ":\\\\"),
        lambda text: text.replace("://", ""),
        lambda text: text.replace("@", "\\@"),
        lambda text: text.replace("@", "\uff20"),
    ]
)
urls = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(
            ["https://", "http://", "s3://", "HTTPS://", "https:/", "https:", "//", "ftp://", "", " https://"]
        ),
        st.sampled_from(["", *[f"{one}{at}" for one in CREDENTIALS for at in ("@", "%40", "%2540", "@@", "\\@")]]),
        st.sampled_from(["h.invalid", "h.invalid:80", "", "photos", "[::1]", "h invalid", "png"]),
        st.sampled_from(["", "/a.jpg", "/", "/@a/b.jpg", "/../a.jpg", "/%"]),
        st.sampled_from(["", *BEHIND]),
    ),
)
leads = """plain/ plain: PLAIN/ /plain/ plain%2F plain// w:1/plain/ plain/plain/ w:1/ %77:1/plain/ raw:1/
    w: wmu: WMU: fiu: FIU: cb: url: pr: fn: f: wm:1: rs:fit:"""
before = st.sampled_from(["", *leads.split()])
after = st.sampled_from(["", "@png", "@", ".png", "@jpg@png", "/plain/local:///a.jpg", ":1", "@PNG"])
spelt = st.builds(lambda before, spell, url, after: f"{before}{spell(url)}{after}", before, spellings, urls, after)


def nobody_has_it(host: str, port: int) -> list[tuple[Any, ...]]:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def store_of_s3() -> s3.S3Source:
    # Before it asks anybody it looks at the bucket, and reads none.
    return s3.S3Source(None, SETTINGS, lambda *_: nullcontext())


def told_of(target: Target) -> str:
    """All that the log says of a signed request that fails."""
    web = HttpSource(SETTINGS, lambda *_: nullcontext(), resolve=nobody_has_it)
    sources = Sources({"http": web, "https": web, "s3": store_of_s3()}, ())  # type: ignore[dict-item]
    try:
        if target.path == "/resize":
            source, _ = query.parse(target.query)
        else:
            signed = split_signed(target.path)
            source = grammar.parse(signed.rest if signed else target.path).source
        sources.fetch(source)
    except OriginError as error:
        return f"{loggable(target)} {dict(problem(error, 'id').details)}"
    raise AssertionError("there is no such source")


def is_hidden(text: str) -> bool:
    opened = unquote(unquote(unquote(text))).lower()
    # In base64 it looks different at each of three places.
    hidden = [base64url("x" * place + SECRET)[4:-4] for place in range(3)]
    return SECRET.lower() not in opened and not any(one in text for one in hidden)


@settings(max_examples=400)
@given(spelt)
def test_what_may_be_a_secret_in_a_source_s_url_is_not_told_however_it_is_spelt(text: str) -> None:
    assert is_hidden(told_of(target_of(f"/signature/{text}")))


@given(spellings, urls, st.sampled_from(["url=", "URL=", "", "url=x&url=", "u%72l=", "width=", "url%3D", "sig=1;url="]))
def test_nor_is_it_in_a_query(spell: Callable[[str], str], url: str, name: str) -> None:
    assert is_hidden(told_of(target_of(f"/resize?{name}{spell(url)}")))


def test_every_resource_is_told_by_its_name() -> None:
    environ = {"BLENDBEAT_ALLOW_UNSIGNED": "1", "BLENDBEAT_PIXEL_ISOLATION": "thread"}
    routes = build_application(Settings.from_environ(environ)).application.routes
    paths = {route.rule for route in routes if "<" not in route.rule}
    assert {path: loggable(Target(path, "")) for path in paths} == {path: path for path in paths}


def test_a_path_of_slashes_takes_no_time_to_speak_of() -> None:
    assert loggable(Target("/x/plain/" + "%2F" * 200_000, ""))
    assert loggable(Target("/x/" + "w:1/" * 200_000, "")) == "/-/-/-"
