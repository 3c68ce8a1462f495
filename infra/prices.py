"""What AWS asks for, in US dollars. A table with a date: prices change, and other regions differ."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """One region's prices; per hour where they say so, else per month.

    Args:
        as_of: When they were looked up.
        hours: Hours in a month.
    """

    as_of: str = "2026-09"
    region: str = "us-east-1"
    hours: int = 730
    vcpu_hour_arm: float = 0.03238
    vcpu_hour_x86: float = 0.04048
    memory_gb_hour_arm: float = 0.00356
    memory_gb_hour_x86: float = 0.004445
    spot_low: float = 0.30
    """What Spot costs of the full price when it is cheap; "up to 70 % off"."""
    spot_high: float = 0.50
    public_ipv4_hour: float = 0.005
    balancer_hour: float = 0.0225
    balancer_unit_hour: float = 0.008
    """A load balancer capacity unit: 25 new connections a second, 3,000 active ones or 1 GB an hour."""
    nat_hour: float = 0.045
    nat_gigabyte: float = 0.045
    endpoint_hour: float = 0.01
    repository_gigabyte: float = 0.10
    log_gigabyte: float = 0.50
    metric: float = 0.30
    free_metrics: int = 10
    free_log_gigabytes: int = 5
    alarm_metric: float = 0.10
    dashboard: float = 3.0
    secret: float = 0.40
    gigabyte_out: float = 0.09
    free_gigabytes_out: int = 100


US_EAST_1: Final = Prices()
