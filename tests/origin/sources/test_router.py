from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from origin.errors import SourceForbidden, SourceMissing
from origin.recipe import Scheme, SourceRef
from origin.sources.allowlist import SourcePattern, parse_pattern
from origin.sources.held import NONE, SourceImage, Validators
from origin.sources.router import Sources


@dataclass
class Fake:
    """Fetches what it was given, and remembers what it was asked."""

    body: bytes = b"picture"
    asked: list[SourceRef] = field(default_factory=list)

    def fetch(self, source: SourceRef, held: Validators = NONE) -> SourceImage | None:
        self.asked.append(source)
        return SourceImage(self.body)


class Missing:
    def fetch(self, source: SourceRef, held: Validators = NONE) -> SourceImage | None:
        raise SourceMissing(source.url)


WEB = SourceRef(Scheme.HTTPS, "https://img.example.com/a.jpg")
LOCAL = SourceRef(Scheme.LOCAL, "local:///a.jpg")


def patterns(*texts: str) -> Sequence[SourcePattern]:
    return [parse_pattern(text) for text in texts]


def test_source_is_fetched_by_the_one_for_its_scheme() -> None:
    web, local = Fake(b"web"), Fake(b"local")
    sources = Sources({Scheme.HTTPS: web, Scheme.LOCAL: local}, ())
    assert sources.fetch(WEB).body == b"web"
    assert sources.fetch(LOCAL).body == b"local"
    assert (web.asked, local.asked) == ([WEB], [LOCAL])


@pytest.mark.parametrize("scheme", list(Scheme))
def test_scheme_that_is_off_is_forbidden_by_name(scheme: Scheme) -> None:
    others: dict[Scheme, Fake] = {other: Fake() for other in Scheme if other is not scheme}
    with pytest.raises(SourceForbidden, match=f"^{scheme}:// sources are not switched on"):
        Sources(others, ()).fetch(SourceRef(scheme, f"{scheme}://host/a.jpg"))
    assert not any(fake.asked for fake in others.values())


def test_http_being_on_does_not_switch_https_on() -> None:
    with pytest.raises(SourceForbidden):
        Sources({Scheme.HTTP: Fake()}, ()).check(WEB)


def test_without_prefixes_any_source_is_allowed() -> None:
    assert Sources({Scheme.HTTPS: Fake()}, ()).fetch(WEB).body == b"picture"


def test_one_matching_prefix_of_several_is_enough() -> None:
    sources = Sources({Scheme.HTTPS: Fake()}, patterns("s3://photos/", "https://img.example.com/"))
    assert sources.fetch(WEB).body == b"picture"


def test_source_under_no_prefix_is_forbidden_unfetched() -> None:
    web = Fake()
    sources = Sources({Scheme.HTTPS: web}, patterns("https://other.example.com/", "local://"))
    with pytest.raises(SourceForbidden, match="not among the allowed"):
        sources.fetch(WEB)
    assert web.asked == []


def test_prefixes_for_the_web_close_local_sources() -> None:
    sources = Sources({Scheme.HTTPS: Fake(), Scheme.LOCAL: Fake()}, patterns("https://img.example.com/"))
    with pytest.raises(SourceForbidden):
        sources.fetch(LOCAL)


def test_prefix_does_not_switch_a_scheme_on() -> None:
    with pytest.raises(SourceForbidden):
        Sources({Scheme.HTTPS: Fake()}, patterns("local://")).fetch(LOCAL)


def test_source_that_only_looks_allowed_is_forbidden() -> None:
    web = Fake()
    sources = Sources({Scheme.HTTPS: web}, patterns("https://img.example.com"))
    for url in (
        "https://img.example.com.evil.net/",
        "https://img.example.com@evil.net/",
        "https://evil.net\\img.example.com/",
    ):
        with pytest.raises(SourceForbidden):
            sources.fetch(SourceRef(Scheme.HTTPS, url))
    assert web.asked == []


def test_check_fetches_nothing_and_names_the_fetcher() -> None:
    web = Fake()
    assert Sources({Scheme.HTTPS: web}, ()).check(WEB) is web
    assert web.asked == []


def test_errors_of_a_source_pass_unchanged() -> None:
    with pytest.raises(SourceMissing):
        Sources({Scheme.HTTPS: Missing()}, ()).fetch(WEB)


def test_table_changed_afterwards_changes_nothing() -> None:
    table = {Scheme.HTTPS: Fake()}
    allowed = [parse_pattern("https://img.example.com/")]
    sources = Sources(table, allowed)
    table.clear()
    allowed.clear()
    assert sources.fetch(WEB).body == b"picture"
    with pytest.raises(SourceForbidden):
        sources.fetch(SourceRef(Scheme.HTTPS, "https://other.example.com/"))
