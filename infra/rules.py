"""What a desired state may not be. AWS says it too, but late, one at a time, and in its own words."""

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from infra.desired import Egress, Environment, Routing
from infra.servicesettings import deadline_s
from origin.settings import SECRETS, VARIABLES

FARGATE_MEMORY_MIB: Final[Mapping[int, range]] = {
    256: range(512, 2049, 512),
    512: range(1024, 4097, 1024),
    1024: range(2048, 8193, 1024),
    2048: range(4096, 16385, 1024),
    4096: range(8192, 30721, 1024),
    8192: range(16384, 61441, 4096),
    16384: range(32768, 122881, 8192),
}
"""Memory that goes with so many CPU units: the table in the ECS developer guide, "Task CPU and memory". 256 units go
with 512, 1024 and 2048 MiB only."""

LOG_RETENTION_DAYS: Final = frozenset(
    {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)
"""PutRetentionPolicy takes no others."""

_SPOT_NOTICE_S: Final = 120
_STOP_LIMIT_S: Final = 120
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,14}[a-z0-9]")
_SECRET_ARN: Final = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/+=.@-]+")
_DOMAIN: Final = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
_CERTIFICATE_ARN: Final = re.compile(r"arn:aws[a-z-]*:acm:(?P<region>[a-z0-9-]+):\d{12}:certificate/[\w-]+")
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_MADE_BY_US: Final = frozenset(
    {"PORT", "WEB_CONCURRENCY", "BLENDBEAT_SECRETS_ARN", "BLENDBEAT_DRAIN_S", "BLENDBEAT_TRUSTED_PROXIES",
     "BLENDBEAT_S3_BUCKETS", "BLENDBEAT_LOG_FORMAT"}
)  # fmt: skip
"""Settings that follow from the rest of the desired state."""


def problems(environment: Environment) -> tuple[str, ...]:
    """Everything that is wrong with *environment*, one sentence each."""
    return tuple(problem for rule in RULES for problem in rule(environment))


def _names(environment: Environment) -> Iterator[str]:
    if not _NAME.fullmatch(environment.name):
        # With what we put around it, it has to fit into the 32 characters of a load balancer's name.
        yield f"name {environment.name!r} is not 2 to 16 lower case letters, digits and hyphens"
    if environment.account and not re.fullmatch(r"\d{12}", environment.account):
        yield f"account {environment.account!r} is not twelve digits"


def _network(environment: Environment) -> Iterator[str]:
    network = environment.network
    try:
        block = ipaddress.IPv4Network(network.cidr)
    except ValueError as error:
        yield f"network.cidr: {error}"
    else:
        if not 16 <= block.prefixlen <= 20 or not block.is_private:
            yield f"network.cidr {network.cidr} is not a private block from /16 to /20"
    if not 2 <= network.zones <= 3:
        yield f"network.zones is {network.zones}; a load balancer needs 2, and not all regions have more than 3"


def _fargate(environment: Environment) -> Iterator[str]:
    tasks = environment.tasks
    memory = FARGATE_MEMORY_MIB.get(tasks.cpu_units)
    if memory is None:
        yield f"tasks.cpu_units {tasks.cpu_units} is none of {', '.join(map(str, FARGATE_MEMORY_MIB))}"
    elif tasks.memory_mib not in memory or (tasks.cpu_units, tasks.memory_mib) == (256, 1536):
        yield (
            f"tasks.memory_mib {tasks.memory_mib} does not go with {tasks.cpu_units} CPU units: Fargate has "
            f"{memory.start} to {memory[-1]} in steps of {memory.step}"
        )
    if not 0 < tasks.tmp_mib <= tasks.memory_mib // 4:
        yield f"tasks.tmp_mib {tasks.tmp_mib} is memory of the task, and at most a quarter of its {tasks.memory_mib}"
    if not 0 <= tasks.start_period_s <= 300:
        yield f"tasks.start_period_s {tasks.start_period_s} is not within 0 to 300"
    if not 1024 <= tasks.nofile <= 1048576:
        yield f"tasks.nofile {tasks.nofile} is not within 1024 to 1048576"


def _counts(environment: Environment) -> Iterator[str]:
    tasks = environment.tasks
    if tasks.desired < 1:
        yield f"tasks.desired is {tasks.desired}; to have none, take the environment down"
    if not 0 <= tasks.on_demand <= tasks.desired:
        yield f"tasks.on_demand {tasks.on_demand} is not within 0 and tasks.desired, {tasks.desired}"
    if not 0 <= tasks.spot_percent <= 100:
        yield f"tasks.spot_percent {tasks.spot_percent} is no percentage"


def _settings(environment: Environment) -> Iterator[str]:
    tasks = environment.tasks
    known = {variable.name: variable for variable in VARIABLES}
    for name, text in tasks.settings:
        if name not in known:
            yield f"tasks.settings: {name} is no setting of the service; see the table in README.md"
        elif name in SECRETS:
            yield f"tasks.settings: {name} is a secret; put it into the one that tasks.secret_arn names"
        elif name in _MADE_BY_US:
            yield f"tasks.settings: {name} follows from the rest of the environment"
        else:
            try:
                known[name].read(text)
            except ValueError as error:
                yield f"tasks.settings: {name}: {error}"
    if tasks.secret_arn and not _SECRET_ARN.fullmatch(tasks.secret_arn):
        yield f"tasks.secret_arn {tasks.secret_arn!r} is not the ARN of a secret"
    wrong = [name for name in tasks.buckets if not _BUCKET.fullmatch(name)]
    yield from (f"tasks.buckets: {name!r} is no name of a bucket" for name in wrong)


def _logs(environment: Environment) -> Iterator[str]:
    days = environment.logs.retention_days
    if days not in LOG_RETENTION_DAYS:
        near = min(LOG_RETENTION_DAYS, key=lambda known: abs(known - days))
        yield f"logs.retention_days {days} is none that CloudWatch has; the nearest is {near}"
    if not 1 <= environment.logs.buffer_mib <= 100:
        yield f"logs.buffer_mib {environment.logs.buffer_mib} is not within 1 to 100"


def _repository(environment: Environment) -> Iterator[str]:
    if environment.repository.keep_images < 2:
        yield "repository.keep_images is below 2: there would be nothing to roll back to"
    if environment.repository.untagged_days < 1:
        yield f"repository.untagged_days {environment.repository.untagged_days} is below 1"


def _balancer(environment: Environment) -> Iterator[str]:
    balancer = environment.balancer
    if balancer.slow_start_s and balancer.routing is not Routing.ROUND_ROBIN:
        yield "balancer.slow_start_s goes with round_robin only: ELB refuses it with least outstanding requests"
    if balancer.slow_start_s and not 30 <= balancer.slow_start_s <= 900:
        yield f"balancer.slow_start_s {balancer.slow_start_s} is neither 0 nor within 30 to 900"
    if not 5 <= balancer.health_interval_s <= 300:
        yield f"balancer.health_interval_s {balancer.health_interval_s} is not within 5 to 300"
    if not 2 <= balancer.health_timeout_s < balancer.health_interval_s:
        yield f"balancer.health_timeout_s {balancer.health_timeout_s} is not within 2 and the interval"
    for count in (balancer.healthy_count, balancer.unhealthy_count):
        if not 2 <= count <= 10:
            yield f"balancer: {count} health checks in a row is not within 2 to 10"


def _chain(environment: Environment) -> Iterator[str]:
    """The timeouts from the edge to the worker, and the sequence of a stop."""
    times = environment.timeouts
    for lesser, greater, otherwise in (
        ("edge_keepalive_s", "idle_s", "the edge would send on a connection that the load balancer just closed"),
        ("idle_s", "server_keepalive_s", "the load balancer would: sporadic 502s"),
        ("request_deadline_s", "edge_read_s", "the edge would answer 504 before the service can say what is wrong"),
        ("request_deadline_s", "idle_s", "the load balancer would close a connection that waits for its answer"),
        ("drain_s", "stop_s", "ECS would kill what the worker is still answering"),
    ):
        less, more = getattr(times, lesser), getattr(times, greater)
        if not less < more:
            yield f"timeouts.{lesser} {less} is not below {greater} {more}: {otherwise}"
    if times.deregistration_s < times.request_deadline_s:
        yield (
            f"timeouts.deregistration_s {times.deregistration_s} is below request_deadline_s "
            f"{times.request_deadline_s}: a request could be cut that has its time yet"
        )
    if times.deregistration_s + times.stop_s >= _SPOT_NOTICE_S:
        yield (
            f"timeouts.deregistration_s {times.deregistration_s} and stop_s {times.stop_s} together are not below the "
            f"{_SPOT_NOTICE_S} s between a Spot notice and its end"
        )
    if not 2 <= times.stop_s <= _STOP_LIMIT_S:
        yield f"timeouts.stop_s {times.stop_s} is not within 2 to {_STOP_LIMIT_S}, which is all that Fargate gives"
    if not 1 <= times.idle_s <= 4000:
        yield f"timeouts.idle_s {times.idle_s} is not within 1 to 4000"
    if not times.request_deadline_s >= 5:
        yield f"timeouts.request_deadline_s {times.request_deadline_s} is below 5: too short to make anything"
    elif deadline_s(environment) > times.request_deadline_s:
        yield (
            f"tasks.settings: waiting, fetching and making may take {deadline_s(environment):g} s together, which is "
            f"over timeouts.request_deadline_s, {times.request_deadline_s}"
        )


def _domain(environment: Environment) -> Iterator[str]:
    domain = environment.domain
    if domain is None:
        return
    if not _DOMAIN.fullmatch(domain.name):
        yield f"domain.name {domain.name!r} is no domain"
    found = _CERTIFICATE_ARN.fullmatch(domain.certificate_arn)
    if found is None or found["region"] != environment.region:
        yield f"domain.certificate_arn {domain.certificate_arn!r} is no certificate in {environment.region}"


def _sources(environment: Environment) -> Iterator[str]:
    if environment.network.egress is Egress.ENDPOINTS and not environment.tasks.buckets:
        yield "network.egress is endpoints, so no source on the web can be fetched, and tasks.buckets names no other"


RULES: Final[tuple[Callable[[Environment], Iterator[str]], ...]] = (
    _names, _network, _fargate, _counts, _settings, _logs, _repository, _balancer, _chain, _domain, _sources,
)  # fmt: skip
