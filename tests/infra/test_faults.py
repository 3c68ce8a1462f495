"""Every call that changes something fails once, in four ways; the command that is run again has to mend it."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

import pytest

from infra.desired import Environment
from infra.errors import InfraError
from infra.estate import COMPONENTS, Component, desired, kinds_of
from infra.names import Scope
from infra.plan import plan
from tests.infra.account import IMAGE, Account
from tests.infra.hooks import Fault, Killed
from tests.infra.samples import FRUGAL, SEALED, SECURE, STAGING

FAULTS = tuple(Fault)


SCOPE_ZONES = ("us-east-1a", "us-east-1b")


def rows_to(component: Component) -> tuple[Component, ...]:
    """The row of *component* and those before it, which it needs."""
    return COMPONENTS[: COMPONENTS.index(component) + 1]


def numbers(component: Component, environment: Environment) -> range:
    """Numbers of the calls that `up` makes for *component* after those for the rows before it."""
    scope = Scope(environment, "123456789012", SCOPE_ZONES, IMAGE)
    before, upto = (
        plan(desired(scope, rows), (), kinds_of(rows)) for rows in (rows_to(component)[:-1], rows_to(component))
    )
    return range(sum(len(change.calls) for change in before), sum(len(change.calls) for change in upto))


def one_each(calls: Iterable[int]) -> Iterator[tuple[int, Fault]]:
    """One way to fail per call, taken in turns."""
    return ((number, FAULTS[number % len(FAULTS)]) for number in calls)


def all_four(calls: Iterable[int]) -> Iterator[tuple[int, Fault]]:
    return ((number, fault) for number in calls for fault in FAULTS)


Ways = Callable[[Iterable[int]], Iterator[tuple[int, Fault]]]
ways = pytest.mark.parametrize("ways", [one_each, pytest.param(all_four, marks=pytest.mark.slow)])
each_component = pytest.mark.parametrize("component", COMPONENTS, ids=lambda component: component.name)
environments = pytest.mark.parametrize(
    "environment",
    [FRUGAL, *(pytest.param(environment, marks=pytest.mark.slow) for environment in (SECURE, SEALED))],
    ids=lambda environment: environment.name,
)


@ways
@environments
@each_component
def test_up_that_failed_anywhere_is_mended_by_up(
    account: Account, component: Component, environment: Environment, ways: Ways
) -> None:
    rows = rows_to(component)
    account.up(environment, rows)
    clean = account.inventory()
    for number, fault in ways(numbers(component, environment)):
        account.empty()
        with account.hooks.failing(number, fault), suppress(InfraError, Killed):
            account.up(environment, rows)
        account.up(environment, rows)
        assert account.inventory() == clean, f"{fault.value} call {number}"
        account.hooks.read_only = True
        assert account.look(environment, rows=rows).changes() == (), f"{fault.value} call {number}"
        account.hooks.read_only = False


@ways
@environments
@each_component
def test_down_that_failed_anywhere_is_mended_by_down(
    account: Account, component: Component, environment: Environment, ways: Ways
) -> None:
    rows = rows_to(component)
    empty = account.inventory()
    account.up(environment, rows)
    # What was made last goes first.
    last = [change for change in account.look(environment, rows=rows).removal() if change.kind in names(component)]
    for number, fault in ways(range(sum(len(change.calls) for change in last))):
        account.empty()
        account.up(environment, rows)
        with account.hooks.failing(number, fault), suppress(InfraError, Killed):
            account.down(environment, rows)
        account.down(environment, rows)
        assert account.inventory() == empty, f"{fault.value} call {number}"


def names(component: Component) -> set[str]:
    return {kind.name for kind in component.kinds}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_each_kind_does_what_it_says(account: Account, fault: Fault) -> None:
    rows = COMPONENTS[:1]
    with account.hooks.failing(0, fault), suppress(InfraError, Killed):
        account.up(STAGING, rows)
    took_effect = account.inventory()["vpc"] - 1
    # An answer that is lost is looked for, so the first run ends well, with one VPC.
    assert took_effect == (fault in (Fault.LOST, Fault.KILLED_AFTER))
    assert (account.inventory()["subnet"] > 6) == (fault is Fault.LOST)
