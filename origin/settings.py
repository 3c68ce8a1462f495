"""Everything that can be set, read once from the environment into one frozen tree.

`VARIABLES` is the list: a name, a default, a reader and a sentence each. Reading
is pure and reports every problem at once, each with the name of its variable and
never with the value of a secret. Closed by default: no keyless signing, no source
on a private network, no unlimited anything.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from origin import readers
from origin.arguments import anything, boolean, one_of, whole
from origin.draining import Drain
from origin.errors import BadRecipe
from origin.grammar import Dialect
from origin.httpcache import Lifetimes
from origin.ratelimit import RateLimit, parse_limit
from origin.recipe import OutputFormat
from origin.signing import KeyRing, pair_up
from origin.sources.allowlist import SourcePattern, parse_pattern

EXIT_STATUS: Final = 78
"""What the process exits with when the settings are wrong: EX_CONFIG of sysexits.h."""


class Isolation(StrEnum):
    """What stands between strangers' bytes and the process that answers requests."""

    PROCESS = "process"
    THREAD = "thread"


class BadSettings(Exception):
    """The environment does not describe a service that may start.

    Args:
        problems: One sentence each, with the name of the variable.
    """

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Variable:
    """One row of the settings: an environment variable and how to read it."""

    name: str
    default: str
    read: Callable[[str], Any]
    meaning: str


_MIB = 1024 * 1024
_CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def _cores() -> int:
    """Cores this process may use: those it may run on, or what a container's quota comes to, if that is less."""
    cores = len(os.sched_getaffinity(0))
    try:
        quota, period = _CPU_QUOTA.read_text().split()
        return max(1, min(cores, int(quota) // int(period)))
    except (OSError, ValueError):
        return cores


_CORES = _cores()

SECRETS: Final = (
    "BLENDBEAT_KEYS",
    "BLENDBEAT_SALTS",
    "BLENDBEAT_TRUSTED_SIGNATURES",
    "BLENDBEAT_UPLOAD_TOKENS",
    "BLENDBEAT_ADMIN_TOKENS",
)
"""Variables that are never shown, and that may also be read from a file, ``NAME_FILE``, or from `SECRETS_ARN`."""

SECRETS_ARN: Final = "BLENDBEAT_SECRETS_ARN"

VARIABLES: Final = (
    Variable("PORT", "8080", whole(1, 65535), "TCP port to listen on, on every IPv4 address"),
    Variable("WEB_CONCURRENCY", "1", whole(1, 64), "HTTP worker processes; each has a memory tier of its own"),
    Variable("BLENDBEAT_KEYS", "", readers.many(anything), "signing keys in hex, comma separated, newest first"),
    Variable("BLENDBEAT_SALTS", "", readers.many(anything), "salts in hex, paired with the keys by position"),
    Variable("BLENDBEAT_SIGNATURE_SIZE", "32", whole(1, 32), "bytes of the HMAC that a signature keeps"),
    Variable(
        "BLENDBEAT_TRUSTED_SIGNATURES",
        "",
        readers.many(readers.signature),
        "texts accepted in place of any signature, at least 16 letters, digits, `-` or `_` each; who knows one may ask "
        "for anything",
    ),
    Variable(
        SECRETS_ARN,
        "",
        anything,
        "a secret in AWS Secrets Manager: a JSON object whose members are those of these variables that are secret",
    ),
    Variable("BLENDBEAT_ALLOW_UNSIGNED", "0", boolean, "accept `unsafe` and `_` in place of a signature"),
    Variable(
        "BLENDBEAT_UPLOAD_TOKENS",
        "",
        readers.many(readers.token),
        "bearer tokens for `POST /resize`; none: uploads off",
    ),
    Variable(
        "BLENDBEAT_ADMIN_TOKENS",
        "",
        readers.many(readers.token),
        "bearer tokens for `POST /purge` and `GET /counters`; none: off",
    ),
    Variable("BLENDBEAT_MAX_UPLOAD_BYTES", str(10 * _MIB), whole(1, 2**32), "largest picture that may be uploaded"),
    Variable(
        "BLENDBEAT_DRAIN_S",
        "30",
        whole(2, 3600),
        "time to stop in after SIGTERM; who sends SIGKILL must wait longer",
    ),
    Variable(
        "BLENDBEAT_DRAIN_GRACE_S",
        "5",
        whole(0, 3600),
        "the part of it in which everything is still served and `/ready` says 503, for load balancers to see",
    ),
    Variable("BLENDBEAT_HEAD_TIMEOUT_S", "10", readers.seconds, "time for a client to send the head of a request"),
    Variable("BLENDBEAT_BODY_TIMEOUT_S", "60", readers.seconds, "time for a client to send the body of one"),
    Variable(
        "BLENDBEAT_CLIENT_STALL_S",
        "10",
        readers.seconds,
        "longest time in which a client sends nothing of a body, or takes nothing of an answer",
    ),
    Variable("BLENDBEAT_CLIENT_BYTES_PER_S", "10000", whole(1, 2**32), "what it must send or take on average"),
    Variable(
        "BLENDBEAT_RATE_LIMIT",
        "",
        parse_limit,
        "what each client may ask for: `100/10s`, or `100/10s burst 20`; what is found costs a tenth; none: no limit",
    ),
    Variable(
        "BLENDBEAT_TRUSTED_PROXIES",
        "",
        readers.many(readers.network),
        "networks in CIDR notation of the proxies whose `X-Forwarded-For` tells who a client is",
    ),
    Variable("BLENDBEAT_LOCAL_ROOT", "", readers.folder, "directory behind `local:///`; none: local sources off"),
    Variable(
        "BLENDBEAT_S3_BUCKETS",
        "",
        readers.many(readers.bucket),
        "buckets behind `s3://bucket/key`; none: s3 sources off",
    ),
    Variable("BLENDBEAT_S3_ENDPOINT", "", readers.endpoint, "where a store that speaks S3 is; none: AWS"),
    Variable("BLENDBEAT_S3_REGION", "", readers.region, "region of the buckets; none: what the AWS environment says"),
    Variable(
        "BLENDBEAT_ALLOWED_SOURCES",
        "",
        readers.many(parse_pattern),
        "prefixes a source must match, such as `https://img.example.com/`, `local://`; `*` stands for anything inside "
        "one host or path segment; none: any source, the signature decides",
    ),
    Variable(
        "BLENDBEAT_ALLOWED_NETWORKS",
        "",
        readers.many(readers.network),
        "networks in CIDR notation that sources may live in although they are not public, at any port",
    ),
    Variable(
        "BLENDBEAT_ALLOWED_PORTS",
        "80,443",
        readers.many(whole(1, 65535)),
        "ports at which public addresses may be called",
    ),
    Variable("BLENDBEAT_SOURCE_CONNECT_TIMEOUT_S", "3", readers.seconds, "time to connect to a source"),
    Variable("BLENDBEAT_SOURCE_READ_TIMEOUT_S", "5", readers.seconds, "longest silence of a source"),
    Variable("BLENDBEAT_SOURCE_TIMEOUT_S", "15", readers.seconds, "time for a whole fetch, redirects included"),
    Variable(
        "BLENDBEAT_SOURCE_CONCURRENCY",
        "32",
        whole(1, 10000),
        "fetches of one source host at once, per worker; more wait as long as connecting may take",
    ),
    Variable(
        "BLENDBEAT_SOURCE_FAILURES",
        "5",
        whole(0, 1000),
        "failures in a row, within a minute, after which a source host is left alone: answers are stale or 503; 0: off",
    ),
    Variable("BLENDBEAT_SOURCE_PAUSE_S", "10", readers.seconds, "how long, before one request finds out how it is"),
    Variable("BLENDBEAT_MAX_SOURCE_BYTES", str(50 * _MIB), whole(1, 2**32), "largest source that is fetched"),
    Variable("BLENDBEAT_MAX_REDIRECTS", "4", whole(0, 20), "redirects followed before a source has failed"),
    Variable(
        "BLENDBEAT_SOURCE_TIER_BYTES",
        str(64 * _MIB),
        whole(0, 2**40),
        "size of each worker's tier of sources from the web, so that several variants cost one fetch; 0: off",
    ),
    Variable(
        "BLENDBEAT_SOURCE_FRESH_S",
        "60",
        whole(0, 10**9),
        "how long source bytes are used again without asking the source; after that it is asked whether they changed",
    ),
    Variable("BLENDBEAT_MAX_SOURCE_PIXELS", "50000000", whole(1, 2**40), "most pixels a source may declare"),
    Variable("BLENDBEAT_MAX_RESULT_SIDE_PX", "8192", whole(1, 65535), "longest side of a result"),
    Variable(
        "BLENDBEAT_AUTO_FORMATS",
        "webp",
        readers.negotiable,
        "formats given to clients whose `Accept` names them, of avif webp jxl; `none`: none",
    ),
    Variable(
        "BLENDBEAT_PRESETS",
        "",
        readers.many(readers.preset),
        "named lists of options, `name=rs:fill:200:200/q:70,other=...`; `default` goes before the options of every URL",
    ),
    Variable("BLENDBEAT_ONLY_PRESETS", "0", boolean, "URLs may name presets and nothing else"),
    Variable(
        "BLENDBEAT_ALLOWED_OPTIONS", "", readers.many(readers.option_name), "options that URLs may use; none: all"
    ),
    Variable("BLENDBEAT_WATERMARK", "", readers.picture, "file with the picture that `watermark` lays over a result"),
    Variable(
        "BLENDBEAT_SVG",
        "0",
        boolean,
        "draw SVG sources, without scripts and outside references; off, they are 415, `raw` included",
    ),
    Variable(
        "BLENDBEAT_MAX_FRAMES", "64", whole(1, 10000), "frames of an animation that are used; the rest is left out"
    ),
    Variable("BLENDBEAT_QUALITY", "80", whole(1, 100), "quality where the URL says nothing"),
    Variable(
        "BLENDBEAT_PIXEL_ISOLATION",
        "process",
        one_of({isolation.value: isolation for isolation in Isolation}),
        "where pixels are made: `process`, in children that can be killed, or `thread`, in the HTTP worker, which ends "
        "with the decoder that crashes",
    ),
    Variable("BLENDBEAT_PIXEL_WORKERS", str(_CORES), whole(1, 256), "pictures made at once, per HTTP worker"),
    Variable("BLENDBEAT_QUEUE_LIMIT", "128", whole(0, 100000), "pictures that may wait to be begun, per HTTP worker"),
    Variable("BLENDBEAT_QUEUE_TIMEOUT_S", "10", readers.seconds, "how long a picture may wait to be begun"),
    Variable(
        "BLENDBEAT_QUEUE_BYTES",
        str(128 * _MIB),
        whole(1, 2**40),
        "bytes of sources that may wait to be begun, and as many that may be on their way, per HTTP worker",
    ),
    Variable("BLENDBEAT_TRANSFORM_TIMEOUT_S", "20", readers.seconds, "how long a child may work on one picture"),
    Variable(
        "BLENDBEAT_PIXEL_MEMORY_BYTES",
        str(2048 * _MIB),
        whole(768 * _MIB, 2**40),
        "address space of a child, code included; the machine or container must have room for that of every child",
    ),
    Variable("BLENDBEAT_PIXEL_RETIRE_PICTURES", "2000", whole(1, 10**9), "pictures after which a child is replaced"),
    Variable(
        "BLENDBEAT_PIXEL_RETIRE_BYTES",
        str(512 * _MIB),
        whole(64 * _MIB, 2**40),
        "memory in use at which a child is replaced",
    ),
    Variable("BLENDBEAT_MEMORY_TIER_BYTES", str(256 * _MIB), whole(0, 2**40), "size of each worker's memory tier"),
    Variable(
        "BLENDBEAT_MEMCACHED",
        "",
        readers.many(readers.server),
        "memcached servers, `host:port` each, IPv6 in brackets; a configuration endpoint of ElastiCache or "
        "`discover://host:port` is asked which servers there are; none: no shared tier",
    ),
    Variable(
        "BLENDBEAT_MEMCACHED_TIMEOUT_S", "0.25", readers.seconds, "time for one operation there, connecting included"
    ),
    Variable("BLENDBEAT_NAMESPACE", "", anything, "text in every cache key; for services that share memcached servers"),
    Variable("BLENDBEAT_TTL_S", "3600", whole(1, 10**9), "how long a variant is fresh in our own cache"),
    Variable("BLENDBEAT_BROWSER_TTL_S", "86400", whole(0, 10**9), "`max-age` of a good answer"),
    Variable("BLENDBEAT_EDGE_TTL_S", "604800", whole(0, 10**9), "`s-maxage` of a good answer"),
    Variable(
        "BLENDBEAT_STALE_S",
        "86400",
        whole(0, 10**9),
        "how much longer a variant is answered while it is made anew; also `stale-while-revalidate`",
    ),
    Variable(
        "BLENDBEAT_STALE_IF_ERROR_S",
        "86400",
        whole(0, 10**9),
        "how much longer than fresh a variant is answered while its source fails; also `stale-if-error`",
    ),
    Variable(
        "BLENDBEAT_FAST_PATH",
        "1",
        boolean,
        "what was asked for before, and is in memory, is answered without a parser and a framework; the same answers",
    ),
    Variable("BLENDBEAT_ALLOW_ORIGIN", "*", readers.origin, "`Access-Control-Allow-Origin`; `none`: no CORS headers"),
    Variable(
        "BLENDBEAT_LOG_FORMAT",
        "auto",
        one_of({word: word for word in ("auto", "json", "text")}),
        "`json`, `text`, or `auto`: text on a terminal, else JSON",
    ),
)


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """Where sources may come from and what they may cost."""

    local_root: Path | None
    s3_buckets: tuple[str, ...]
    s3_endpoint: str
    s3_region: str
    allowed: tuple[SourcePattern, ...]
    networks: tuple[readers.Network, ...]
    ports: tuple[int, ...]
    connect_timeout_s: float
    read_timeout_s: float
    timeout_s: float
    concurrency: int
    failures: int
    pause_s: float
    max_bytes: int
    max_redirects: int
    tier_bytes: int
    fresh_s: int


@dataclass(frozen=True, slots=True)
class ImagingSettings:
    """How pixels are made and what they may cost."""

    isolation: Isolation
    workers: int
    queue_limit: int
    queue_timeout_s: float
    queue_bytes: int
    transform_timeout_s: float
    memory_bytes: int
    retire_pictures: int
    retire_bytes: int
    quality: int
    max_source_pixels: int
    max_result_side_px: int
    max_frames: int
    auto_formats: frozenset[OutputFormat]
    svg: bool
    watermark: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class MemcachedSettings:
    """Where the shared tier is; nowhere if there are no servers."""

    servers: tuple[str, ...]
    timeout_s: float


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """How slow clients may be."""

    head_timeout_s: float
    body_timeout_s: float
    stall_s: float
    bytes_per_s: int


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole tree. Build it with `from_environ`."""

    port: int
    workers: int
    keys: KeyRing
    dialect: Dialect
    upload_tokens: tuple[str, ...] = field(repr=False)
    admin_tokens: tuple[str, ...] = field(repr=False)
    max_upload_bytes: int
    clients: ClientSettings
    drain: Drain
    rate_limit: RateLimit | None
    trusted_proxies: tuple[readers.Network, ...]
    sources: SourceSettings
    imaging: ImagingSettings
    memory_tier_bytes: int
    memcached: MemcachedSettings
    namespace: str
    ttl_s: int
    lifetimes: Lifetimes
    allow_origin: str
    fast_path: bool
    log_format: str

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Settings":
        """The settings that *environ* describes; an empty value counts as absent.

        Raises:
            BadSettings: With every problem found, not only the first.
        """
        reader = _Reader(environ)
        values = {variable.name.removeprefix("BLENDBEAT_"): reader.read(variable) for variable in VARIABLES}
        keys, dialect = reader.key_ring(values), reader.dialect(values)
        reader.check_drain(values)
        if reader.problems:
            raise BadSettings(tuple(reader.problems))
        return cls(
            port=values["PORT"],
            workers=values["WEB_CONCURRENCY"],
            keys=keys,
            dialect=dialect,
            upload_tokens=values["UPLOAD_TOKENS"],
            admin_tokens=values["ADMIN_TOKENS"],
            max_upload_bytes=values["MAX_UPLOAD_BYTES"],
            clients=ClientSettings(
                head_timeout_s=values["HEAD_TIMEOUT_S"],
                body_timeout_s=values["BODY_TIMEOUT_S"],
                stall_s=values["CLIENT_STALL_S"],
                bytes_per_s=values["CLIENT_BYTES_PER_S"],
            ),
            drain=Drain(values["DRAIN_S"], values["DRAIN_GRACE_S"]),
            rate_limit=values["RATE_LIMIT"],
            trusted_proxies=values["TRUSTED_PROXIES"],
            sources=SourceSettings(
                local_root=values["LOCAL_ROOT"],
                s3_buckets=values["S3_BUCKETS"],
                s3_endpoint=values["S3_ENDPOINT"],
                s3_region=values["S3_REGION"],
                allowed=values["ALLOWED_SOURCES"],
                networks=values["ALLOWED_NETWORKS"],
                ports=values["ALLOWED_PORTS"],
                connect_timeout_s=values["SOURCE_CONNECT_TIMEOUT_S"],
                read_timeout_s=values["SOURCE_READ_TIMEOUT_S"],
                timeout_s=values["SOURCE_TIMEOUT_S"],
                concurrency=values["SOURCE_CONCURRENCY"],
                failures=values["SOURCE_FAILURES"],
                pause_s=values["SOURCE_PAUSE_S"],
                max_bytes=values["MAX_SOURCE_BYTES"],
                max_redirects=values["MAX_REDIRECTS"],
                tier_bytes=values["SOURCE_TIER_BYTES"],
                fresh_s=values["SOURCE_FRESH_S"],
            ),
            imaging=ImagingSettings(
                isolation=values["PIXEL_ISOLATION"],
                workers=values["PIXEL_WORKERS"],
                queue_limit=values["QUEUE_LIMIT"],
                queue_timeout_s=values["QUEUE_TIMEOUT_S"],
                queue_bytes=values["QUEUE_BYTES"],
                transform_timeout_s=values["TRANSFORM_TIMEOUT_S"],
                memory_bytes=values["PIXEL_MEMORY_BYTES"],
                retire_pictures=values["PIXEL_RETIRE_PICTURES"],
                retire_bytes=values["PIXEL_RETIRE_BYTES"],
                quality=values["QUALITY"],
                max_source_pixels=values["MAX_SOURCE_PIXELS"],
                max_result_side_px=values["MAX_RESULT_SIDE_PX"],
                max_frames=values["MAX_FRAMES"],
                auto_formats=values["AUTO_FORMATS"],
                svg=values["SVG"],
                watermark=values["WATERMARK"],
            ),
            memory_tier_bytes=values["MEMORY_TIER_BYTES"],
            memcached=MemcachedSettings(values["MEMCACHED"], values["MEMCACHED_TIMEOUT_S"]),
            namespace=values["NAMESPACE"],
            ttl_s=values["TTL_S"],
            lifetimes=Lifetimes(
                values["BROWSER_TTL_S"], values["EDGE_TTL_S"], values["STALE_S"], values["STALE_IF_ERROR_S"]
            ),
            allow_origin=values["ALLOW_ORIGIN"],
            fast_path=values["FAST_PATH"],
            log_format=values["LOG_FORMAT"],
        )


def unknown_variables(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Names in *environ* that look like ours and are not, worth a warning: most are typing errors."""
    known = {variable.name for variable in VARIABLES} | {f"{name}_FILE" for name in SECRETS}
    return tuple(sorted(name for name in environ if name.startswith("BLENDBEAT_") and name not in known))


class _Reader:
    """Reads variables and remembers what was wrong with them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[str] = []

    def read(self, variable: Variable) -> Any:
        text = self._environ.get(variable.name, "").strip() or variable.default
        try:
            return variable.read(text)
        except ValueError as error:
            self.problems.append(f"{variable.name}: {error}")
            return variable.read(variable.default)

    def dialect(self, values: Mapping[str, Any]) -> Dialect:
        names = [name for name, _ in values["PRESETS"]]
        twice = sorted({name for name in names if names.count(name) > 1})
        self.problems += [f"BLENDBEAT_PRESETS: {name!r} stands twice" for name in twice]
        try:
            return Dialect(
                dict(values["PRESETS"]), values["ONLY_PRESETS"], frozenset(values["ALLOWED_OPTIONS"]) or None
            )
        except BadRecipe as error:
            self.problems.append(f"BLENDBEAT_PRESETS: {error.detail}")
            return Dialect()

    def check_drain(self, values: Mapping[str, Any]) -> None:
        if values["DRAIN_GRACE_S"] >= values["DRAIN_S"]:
            self.problems.append("BLENDBEAT_DRAIN_GRACE_S: it is a part of BLENDBEAT_DRAIN_S and must be less")

    def key_ring(self, values: Mapping[str, Any]) -> KeyRing:
        try:
            pairs = pair_up(values["KEYS"], values["SALTS"])
        except ValueError as error:
            self.problems.append(f"BLENDBEAT_KEYS and BLENDBEAT_SALTS: {error}")
            pairs = ()
        else:
            if not pairs and not values["ALLOW_UNSIGNED"]:
                self.problems.append(
                    "BLENDBEAT_KEYS: there is no key; make a pair with `blendbeat keys new`, or set "
                    "BLENDBEAT_ALLOW_UNSIGNED=1 to serve anybody"
                )
        return KeyRing(pairs, values["SIGNATURE_SIZE"], values["ALLOW_UNSIGNED"], values["TRUSTED_SIGNATURES"])
