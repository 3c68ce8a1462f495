"""What an environment may say it wants. Every default is one that a small site can live with.

All of it is frozen data; `rules` says what may not be, `environments` has ours.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Egress(StrEnum):
    """How tasks reach the world; each has its price, which `plan` shows."""

    PUBLIC = "public"
    """Tasks have public addresses, and security groups that let nobody in but the load balancer. The cheapest."""
    NAT = "nat"
    """Private subnets behind one NAT gateway; with its zone goes the way out."""
    NAT_PER_ZONE = "nat-per-zone"
    """Private subnets, a NAT gateway in each zone."""
    ENDPOINTS = "endpoints"
    """Private subnets and interface endpoints: AWS can be reached, the web can not, so sources are in S3."""


class Architecture(StrEnum):
    """What tasks run on. ARM64 is a fifth cheaper."""

    ARM64 = "ARM64"
    X86_64 = "X86_64"


class Routing(StrEnum):
    """Which task gets the next request."""

    LEAST_OUTSTANDING = "least_outstanding_requests"
    """The one that is at the fewest: a hit and an AVIF differ by a factor of a hundred."""
    ROUND_ROBIN = "round_robin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The VPC.

    Args:
        cidr: Its addresses, a /16 to /20.
        zones: Availability zones; a load balancer needs two.
    """

    cidr: str = "10.20.0.0/16"
    zones: int = 2
    egress: Egress = Egress.PUBLIC


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """Where images of the service are kept."""

    keep_images: int = 20
    untagged_days: int = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Logs:
    """What the tasks say."""

    retention_days: int = 30
    buffer_mib: int = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """The chain: every hop closes idle connections later than the one before it, and gives up sooner than it.

    Args:
        edge_keepalive_s: How long the edge keeps a connection to the load balancer.
        idle_s: How long the load balancer keeps one.
        server_keepalive_s: How long gunicorn does: `origin/gunicorn_conf.py`, where it is fixed.
        request_deadline_s: What queueing, fetching and making may take together.
        edge_read_s: How long the edge waits for an answer.
        deregistration_s: How long the load balancer lets a task that is to go finish.
        drain_s: What a worker may take to stop.
        stop_s: When ECS kills it.
        grace_s: How long a new task may fail health checks.
    """

    edge_keepalive_s: int = 55
    idle_s: int = 60
    server_keepalive_s: int = 75
    request_deadline_s: int = 25
    edge_read_s: int = 30
    deregistration_s: int = 30
    drain_s: int = 30
    stop_s: int = 60
    grace_s: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancer:
    """The way in.

    Args:
        slow_start_s: Time in which a new task gets fewer requests, 0 for none; not with least outstanding requests.
        protected: Nobody may delete it; `down` has to be told to.
    """

    routing: Routing = Routing.LEAST_OUTSTANDING
    slow_start_s: int = 0
    health_interval_s: int = 10
    health_timeout_s: int = 5
    healthy_count: int = 2
    unhealthy_count: int = 3
    protected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """A name of its own, over HTTPS.

    Args:
        name: Such as ``img.example.com``.
        certificate_arn: A certificate in this region that covers it.
    """

    name: str
    certificate_arn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tasks:
    """What runs.

    Args:
        image: Of a registry; empty: what runs already, or the newest in our repository.
        cpu_units: 1024 are one virtual CPU.
        desired: Tasks at first; afterwards their number is autoscaling's.
        on_demand: Of those, how many are never on Spot.
        spot_percent: How many of the others are.
        tmp_mib: Size of `/tmp`, which is memory and the only thing that can be written to.
        secret_arn: A secret with the service's keys, as docs/security-keys.md describes it.
        settings: More of the service's own settings, by the names of its table.
        start_period_s: How long a container may fail its own health check at first.
    """

    image: str = ""
    architecture: Architecture = Architecture.ARM64
    cpu_units: int = 512
    memory_mib: int = 1024
    desired: int = 2
    on_demand: int = 1
    spot_percent: int = 0
    tmp_mib: int = 64
    nofile: int = 65535
    start_period_s: int = 60
    secret_arn: str = ""
    buckets: tuple[str, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What the bill is estimated for, per month."""

    requests: int = 3_000_000
    gigabytes_out: int = 100
    gigabytes_logs: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Everything about one environment.

    Args:
        name: Lower case letters, digits and hyphens, at most 16; part of every name.
        account: The account's twelve digits, if it may live in no other.
    """

    name: str
    region: str = "us-east-1"
    account: str = ""
    network: Network = field(default_factory=Network)
    repository: Repository = field(default_factory=Repository)
    logs: Logs = field(default_factory=Logs)
    timeouts: Timeouts = field(default_factory=Timeouts)
    balancer: LoadBalancer = field(default_factory=LoadBalancer)
    domain: Domain | None = None
    tasks: Tasks = field(default_factory=Tasks)
    container_insights: bool = True
    traffic: Traffic = field(default_factory=Traffic)
