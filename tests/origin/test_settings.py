from contextlib import suppress
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origin.httpcache import Lifetimes
from origin.ratelimit import RateLimit
from origin.recipe import OutputFormat
from origin.settings import VARIABLES, BadSettings, MemcachedSettings, Settings, unknown_variables
from tests import tables

KEYS = {"BLENDBEAT_KEYS": "aabb,ccdd", "BLENDBEAT_SALTS": "0011, 2233"}


def problems(environ: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(BadSettings) as refused:
        Settings.from_environ(environ)
    return refused.value.problems


def test_a_key_pair_is_all_that_is_needed() -> None:
    settings = Settings.from_environ({"BLENDBEAT_KEYS": "aabb", "BLENDBEAT_SALTS": "0011"})
    assert settings.port == 8080
    assert settings.workers == 1
    assert settings.ttl_s == 3600
    assert settings.max_upload_bytes == 10 * 1024 * 1024
    assert settings.keys.size_bytes == 32
    assert not settings.keys.allow_unsigned
    assert settings.upload_tokens == ()
    assert settings.rate_limit is None
    assert settings.keys.trusted == ()
    assert settings.sources.local_root is None
    assert settings.sources.networks == ()
    assert settings.sources.ports == (80, 443)
    assert (settings.sources.tier_bytes, settings.sources.fresh_s) == (64 * 1024 * 1024, 60)
    assert settings.imaging.auto_formats == {OutputFormat.WEBP}
    assert settings.memcached == MemcachedSettings((), 0.25)


def test_everything_can_be_set(tmp_path: Path) -> None:
    settings = Settings.from_environ(
        {
            **KEYS,
            "PORT": "9000",
            "BLENDBEAT_SIGNATURE_SIZE": "8",
            "BLENDBEAT_UPLOAD_TOKENS": "0123456789abcdef, fedcba9876543210",
            "BLENDBEAT_LOCAL_ROOT": str(tmp_path),
            "BLENDBEAT_ALLOWED_SOURCES": "https://img.example.com/, local://",
            "BLENDBEAT_ALLOWED_NETWORKS": "10.0.0.0/8, ::1/128",
            "BLENDBEAT_ALLOWED_PORTS": "443, 8443",
            "BLENDBEAT_S3_BUCKETS": "photos, photos-2026.example.com",
            "BLENDBEAT_S3_ENDPOINT": "http://minio.internal:9000",
            "BLENDBEAT_S3_REGION": "eu-central-1",
            "BLENDBEAT_SOURCE_READ_TIMEOUT_S": "0.5",
            "BLENDBEAT_AUTO_FORMATS": "avif, webp",
            "BLENDBEAT_BROWSER_TTL_S": "60",
            "BLENDBEAT_EDGE_TTL_S": "120",
            "BLENDBEAT_STALE_S": "0",
            "BLENDBEAT_ALLOW_ORIGIN": "none",
            "BLENDBEAT_LOG_FORMAT": "json",
            "BLENDBEAT_MEMCACHED": "cache-1.internal:11211, [fd00::1]:11212, discover://10.0.0.1:11211",
            "BLENDBEAT_MEMCACHED_TIMEOUT_S": "0.1",
            "BLENDBEAT_TRUSTED_SIGNATURES": "trusted-signature, another-signature",
            "BLENDBEAT_RATE_LIMIT": "100/10s burst 20",
            "BLENDBEAT_TRUSTED_PROXIES": "10.0.0.0/8",
            "BLENDBEAT_BODY_TIMEOUT_S": "1.5",
        }
    )
    assert settings.keys.trusted == ("trusted-signature", "another-signature")
    assert settings.rate_limit == RateLimit(100, 10, 20)
    assert settings.trusted_proxies == (ip_network("10.0.0.0/8"),)
    assert settings.clients.body_timeout_s == 1.5
    assert settings.port == 9000
    assert len(settings.keys.pairs) == 2
    assert settings.keys.size_bytes == 8
    assert settings.upload_tokens == ("0123456789abcdef", "fedcba9876543210")
    assert settings.sources.local_root == tmp_path.resolve()
    assert len(settings.sources.allowed) == 2
    assert settings.sources.networks == (ip_network("10.0.0.0/8"), ip_network("::1/128"))
    assert settings.sources.ports == (443, 8443)
    assert settings.sources.s3_buckets == ("photos", "photos-2026.example.com")
    assert settings.sources.s3_endpoint == "http://minio.internal:9000"
    assert settings.sources.s3_region == "eu-central-1"
    assert settings.sources.read_timeout_s == 0.5
    assert settings.imaging.auto_formats == {OutputFormat.AVIF, OutputFormat.WEBP}
    assert settings.lifetimes == Lifetimes(60, 120, 0, 86400)
    assert settings.allow_origin == ""
    servers = ("cache-1.internal:11211", "[fd00::1]:11212", "discover://10.0.0.1:11211")
    assert settings.memcached == MemcachedSettings(servers, 0.1)


def test_an_empty_value_counts_as_absent_and_formats_can_be_switched_off() -> None:
    settings = Settings.from_environ({**KEYS, "PORT": "", "BLENDBEAT_AUTO_FORMATS": "none"})
    assert settings.port == 8080
    assert settings.imaging.auto_formats == frozenset()


def test_without_a_key_nothing_starts_unless_unsigned_is_asked_for() -> None:
    assert "blendbeat keys new" in problems({})[0]
    assert Settings.from_environ({"BLENDBEAT_ALLOW_UNSIGNED": "1"}).keys.allow_unsigned


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PORT", "0"),
        ("PORT", "http"),
        ("WEB_CONCURRENCY", "1.5"),
        ("BLENDBEAT_SIGNATURE_SIZE", "33"),
        ("BLENDBEAT_SALTS", "00"),
        ("BLENDBEAT_KEYS", "aabb,xyz1"),
        ("BLENDBEAT_ALLOW_UNSIGNED", "yes"),
        ("BLENDBEAT_UPLOAD_TOKENS", "short"),
        ("BLENDBEAT_UPLOAD_TOKENS", "with spaces in the middle"),
        ("BLENDBEAT_LOCAL_ROOT", "relative/path"),
        ("BLENDBEAT_LOCAL_ROOT", "/no/such/directory"),
        ("BLENDBEAT_ALLOWED_SOURCES", "img.example.com"),
        ("BLENDBEAT_ALLOWED_NETWORKS", "10.0.0.1/8"),
        ("BLENDBEAT_ALLOWED_PORTS", "0"),
        ("BLENDBEAT_S3_BUCKETS", "Photos"),
        ("BLENDBEAT_S3_BUCKETS", "photos/2026"),
        ("BLENDBEAT_S3_BUCKETS", "*"),
        ("BLENDBEAT_S3_ENDPOINT", "minio:9000"),
        ("BLENDBEAT_S3_ENDPOINT", "http://key:secret@minio:9000"),
        ("BLENDBEAT_S3_REGION", "eu central"),
        ("BLENDBEAT_SOURCE_CONCURRENCY", "0"),
        ("BLENDBEAT_SOURCE_PAUSE_S", "0"),
        ("BLENDBEAT_ALLOWED_PORTS", "80,https"),
        ("BLENDBEAT_SOURCE_TIMEOUT_S", "0"),
        ("BLENDBEAT_SOURCE_TIMEOUT_S", "-1"),
        ("BLENDBEAT_SOURCE_TIMEOUT_S", "inf"),
        ("BLENDBEAT_AUTO_FORMATS", "gif"),
        ("BLENDBEAT_QUALITY", "0"),
        ("BLENDBEAT_MEMCACHED", "localhost"),
        ("BLENDBEAT_MEMCACHED", "localhost:0"),
        ("BLENDBEAT_MEMCACHED", "::1:11211"),
        ("BLENDBEAT_MEMCACHED", "[1.2.3]:11211"),
        ("BLENDBEAT_MEMCACHED", "memcached://localhost:11211"),
        ("BLENDBEAT_MEMCACHED_TIMEOUT_S", "0"),
        ("BLENDBEAT_TTL_S", "0"),
        ("BLENDBEAT_ALLOW_ORIGIN", "www.example.com"),
        ("BLENDBEAT_LOG_FORMAT", "xml"),
        ("BLENDBEAT_DRAIN_S", "1"),
        ("BLENDBEAT_DRAIN_GRACE_S", "30"),
        ("BLENDBEAT_QUEUE_BYTES", "0"),
        ("BLENDBEAT_PRESETS", "thumb"),
        ("BLENDBEAT_PRESETS", "thumb=w:x"),
        ("BLENDBEAT_PRESETS", "a=pr:b,b=pr:a"),
        ("BLENDBEAT_PRESETS", "a=w:1,a=w:2"),
        ("BLENDBEAT_ALLOWED_OPTIONS", "resize,nothing"),
        ("BLENDBEAT_WATERMARK", "/no/such/file.png"),
        ("BLENDBEAT_SVG", "maybe"),
        ("BLENDBEAT_MAX_FRAMES", "0"),
        ("BLENDBEAT_TRUSTED_SIGNATURES", "fifteen-letters"),
        ("BLENDBEAT_TRUSTED_SIGNATURES", "with/a/slash/in/it"),
        ("BLENDBEAT_RATE_LIMIT", "100"),
        ("BLENDBEAT_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("BLENDBEAT_HEAD_TIMEOUT_S", "0"),
        ("BLENDBEAT_CLIENT_BYTES_PER_S", "0"),
    ],
)
def test_a_wrong_value_is_a_problem_with_its_name(name: str, text: str) -> None:
    (problem,) = problems({**KEYS, name: text})
    assert name in problem


def test_all_problems_are_reported_at_once() -> None:
    names = [
        problem.partition(":")[0] for problem in problems({"PORT": "x", "BLENDBEAT_TTL_S": "x", "BLENDBEAT_KEYS": "x"})
    ]
    assert names == ["PORT", "BLENDBEAT_TTL_S", "BLENDBEAT_KEYS and BLENDBEAT_SALTS"]


def test_no_secret_shows_in_a_problem_or_a_representation() -> None:
    assert "5ec2e7" not in str(problems({"BLENDBEAT_KEYS": "5ec2e7,zz", "BLENDBEAT_SALTS": "5ec2e7,5ec2e7"}))
    assert "s3cret" not in str(problems({**KEYS, "BLENDBEAT_UPLOAD_TOKENS": "s3cret"}))
    settings = Settings.from_environ({**KEYS, "BLENDBEAT_UPLOAD_TOKENS": "0123456789abcdef"})
    assert "0123456789abcdef" not in repr(settings)
    assert r"\xaa" not in repr(settings)


def test_names_that_are_almost_ours_are_found() -> None:
    assert unknown_variables({**KEYS, "BLENDBEAT_TTL": "1", "PATH": "/"}) == ("BLENDBEAT_TTL",)


def test_the_tables_of_the_readme_are_those_of_the_code() -> None:
    readme = tables.README.read_text()
    assert readme == tables.written(readme), "python -m tests.tables writes them"
    for name in ("`thumbnail`", "`resize` `rs`", "`BLENDBEAT_PRESETS`"):
        assert (name in readme) == (name != "`thumbnail`")


def test_every_wrong_item_of_a_list_is_named() -> None:
    (sources,) = problems({**KEYS, "BLENDBEAT_ALLOWED_SOURCES": "foo,https://x/,ftp://y"})
    assert "foo" in sources
    assert "ftp://y" in sources
    (keys,) = problems({"BLENDBEAT_KEYS": "xyz,aa", "BLENDBEAT_SALTS": "q"})
    for part in ("key 1 is not", "salt 1 is not", "2 keys but 1 salts"):
        assert part in keys


@given(st.dictionaries(st.sampled_from([variable.name for variable in VARIABLES]), st.text(max_size=40), max_size=6))
def test_whatever_is_set_it_is_settings_or_problems(environ: dict[str, str]) -> None:
    with suppress(BadSettings):
        Settings.from_environ({**KEYS, **environ})
