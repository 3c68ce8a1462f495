"""The service's own settings, as they follow from the desired state; names are those of `origin.settings`."""

import math
from typing import Final

from infra.desired import Environment

_SHARES: Final = (
    ("BLENDBEAT_QUEUE_TIMEOUT_S", 0.2),
    ("BLENDBEAT_SOURCE_TIMEOUT_S", 0.32),
    ("BLENDBEAT_TRANSFORM_TIMEOUT_S", 0.48),
)
"""What waiting, fetching and making get of the request's deadline. They follow each other, so they add up."""

_MIB: Final = 1024 * 1024


def settings(environment: Environment) -> dict[str, str]:
    """Settings by name; those that the environment spells out win."""
    tasks, times = environment.tasks, environment.timeouts
    derived = {
        "PORT": "8080",
        # One process, one memory tier. What os.cpu_count() says on Fargate is the host's.
        "WEB_CONCURRENCY": "1",
        "BLENDBEAT_PIXEL_WORKERS": str(math.ceil(tasks.cpu_units / 1024)),
        "BLENDBEAT_MEMORY_TIER_BYTES": str(tasks.memory_mib * _MIB // 8),
        "BLENDBEAT_DRAIN_S": str(times.drain_s),
        # The load balancer, which is in the VPC, tells who asks.
        "BLENDBEAT_TRUSTED_PROXIES": environment.network.cidr,
        "BLENDBEAT_S3_BUCKETS": ",".join(tasks.buckets),
        "BLENDBEAT_LOG_FORMAT": "json",
        **{name: f"{share * times.request_deadline_s:g}" for name, share in _SHARES},
    }
    return {name: text for name, text in {**derived, **dict(tasks.settings)}.items() if text}


def deadline_s(environment: Environment) -> float:
    """How long a request may take by these settings."""
    found = settings(environment)
    return sum(float(found[name]) for name, _ in _SHARES)
