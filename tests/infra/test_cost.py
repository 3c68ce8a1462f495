from dataclasses import replace

import pytest

from infra.cost import Bill, monthly
from infra.desired import Architecture, Egress, Environment, Tasks
from infra.estate import KINDS, desired
from infra.names import Scope
from infra.prices import US_EAST_1, Prices
from tests.infra.account import Account
from tests.infra.samples import PRODUCTION, SEALED, STAGING

ZONES = ("us-east-1a", "us-east-1b")


def bill(environment: Environment, prices: Prices = US_EAST_1) -> Bill:
    wanted = desired(Scope(environment, "123456789012", ZONES, "image"))
    return monthly(wanted, KINDS, environment.traffic, prices)


def sum_of(found: Bill, word: str) -> float:
    return round(sum(line.low for line in found.lines if word in line.what), 2)


def test_two_small_tasks_cost_what_they_are_commonly_said_to_and_their_addresses() -> None:
    found = bill(Environment(name="small", tasks=Tasks(architecture=Architecture.X86_64)))
    assert sum_of(found, "tasks of 0.5 vCPU") == 36.04
    assert sum_of(found, "load balancer") - sum_of(found, "addresses of the load balancer") == pytest.approx(16.43)
    assert sum_of(found, "public IPv4") == 14.60


def test_arm_is_a_fifth_cheaper_and_spot_more() -> None:
    arm, spot = (
        bill(Environment(name="arm")),
        bill(Environment(name="spot", tasks=Tasks(on_demand=0, spot_percent=100))),
    )
    assert sum_of(arm, "vCPU") == 28.84
    assert sum_of(spot, "vCPU") < 0.5 * sum_of(arm, "vCPU")


ADDRESSES = 7.30
"""What tasks with public addresses cost more than those without."""

WAYS = [(Egress.PUBLIC, 0), (Egress.NAT, 36.50), (Egress.NAT_PER_ZONE, 73), (Egress.ENDPOINTS, 58.40)]


@pytest.mark.parametrize(("egress", "usd"), WAYS)
def test_each_way_out_has_its_price(egress: Egress, usd: float) -> None:
    public, other = (replace(SEALED, network=replace(SEALED.network, egress=way)) for way in (Egress.PUBLIC, egress))
    assert bill(other).low - bill(public).low == pytest.approx(usd - ADDRESSES if usd else 0)


@pytest.mark.parametrize("environment", [STAGING, PRODUCTION, SEALED], ids=lambda environment: environment.name)
def test_what_exists_costs_what_was_wanted(account: Account, environment: Environment) -> None:
    account.up(environment)
    situation = account.look(environment)
    assert monthly(situation.seen.found, KINDS, environment.traffic, US_EAST_1) == monthly(
        situation.wanted, KINDS, environment.traffic, US_EAST_1
    )


def test_dearest_comes_first_and_the_sum_is_of_the_lines() -> None:
    found = bill(PRODUCTION)
    assert [line.most for line in found.lines] == sorted((line.most for line in found.lines), reverse=True)
    assert found.low <= found.high
    assert found.high == pytest.approx(sum(line.most for line in found.lines), abs=0.01)
