"""Every call that changes something fails once, in four ways; the command that is run again has to mend it."""

from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from infra.desired import Environment
from infra.errors import InfraError
from infra.estate import COMPONENTS, KINDS, Component, desired
from infra.names import Scope
from infra.plan import plan
from tests.infra.account import IMAGE, Account
from tests.infra.hooks import Fault, Killed
from tests.infra.samples import SEALED, SECURE

FAULTS = tuple(Fault)


def calls_of(component: Component, environment: Environment) -> tuple[int, ...]:
    """Numbers of the calls that `up` makes for one component in an empty account."""
    scope = Scope(environment, "123456789012", ("us-east-1a", "us-east-1b"), IMAGE)
    kinds = [change.kind for change in plan(desired(scope), (), KINDS) for _ in change.calls]
    ours = {kind.name for kind in component.kinds}
    return tuple(number for number, kind in enumerate(kinds) if kind in ours)


def one_each(numbers: tuple[int, ...]) -> Iterator[tuple[int, Fault]]:
    """One way to fail per call, taken in turns."""
    return ((number, FAULTS[number % len(FAULTS)]) for number in numbers)


def all_four(numbers: tuple[int, ...]) -> Iterator[tuple[int, Fault]]:
    return ((number, fault) for number in numbers for fault in FAULTS)


def converges(account: Account, environment: Environment, number: int, fault: Fault, clean: Counter[str]) -> None:
    with account.hooks.failing(number, fault):
        try:
            account.up(environment)
        except (InfraError, Killed):
            pass
    account.up(environment)
    assert account.inventory() == clean, f"{fault.value} call {number}"
    account.hooks.read_only = True
    assert account.up(environment) == [], f"{fault.value} call {number}"
    account.hooks.read_only = False


def vanishes(account: Account, environment: Environment, number: int, fault: Fault) -> None:
    with account.hooks.failing(number, fault):
        try:
            account.down(environment)
        except (InfraError, Killed):
            pass
    account.down(environment)
    assert account.look(environment).seen.found == (), f"{fault.value} call {number}"


Ways = Callable[[tuple[int, ...]], Iterator[tuple[int, Fault]]]
ways = pytest.mark.parametrize("ways", [one_each, pytest.param(all_four, marks=pytest.mark.slow)])
each_component = pytest.mark.parametrize("component", COMPONENTS, ids=lambda component: component.name)
environments = pytest.mark.parametrize(
    "environment", [SECURE, pytest.param(SEALED, marks=pytest.mark.slow)], ids=lambda environment: environment.name
)


@ways
@environments
@each_component
def test_up_that_failed_anywhere_is_mended_by_up(
    account: Account, component: Component, environment: Environment, ways: Ways
) -> None:
    empty = account.inventory()
    account.up(environment)
    clean = account.inventory()
    for number, fault in ways(calls_of(component, environment)):
        account.down(environment)
        assert account.inventory() == empty
        converges(account, environment, number, fault, clean)


@ways
@environments
@pytest.mark.parametrize("quarter", range(4))
def test_down_that_failed_anywhere_is_mended_by_down(
    account: Account, quarter: int, environment: Environment, ways: Ways
) -> None:
    empty = account.inventory()
    account.up(environment)
    total = len(account.down(environment))
    for number, fault in ways(tuple(range(total))[quarter::4]):
        account.up(environment)
        vanishes(account, environment, number, fault)
        assert account.inventory() == empty, f"{fault.value} call {number}"
