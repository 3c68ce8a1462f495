"""The environments there are. This is the file to change; `python -m infra plan NAME` says what that means."""

from typing import Final

from infra.desired import Egress, Environment, LoadBalancer, Logs, Network, Tasks
from infra.errors import BadDesiredState
from infra.rules import problems

ENVIRONMENTS: Final = (
    Environment(
        name="staging",
        logs=Logs(retention_days=7),
        tasks=Tasks(on_demand=0, spot_percent=100),
        container_insights=False,
    ),
    Environment(
        name="production",
        network=Network(cidr="10.30.0.0/16", egress=Egress.NAT_PER_ZONE),
        logs=Logs(retention_days=90),
        balancer=LoadBalancer(protected=True),
        tasks=Tasks(on_demand=2, spot_percent=50),
    ),
)


def named(name: str) -> Environment:
    """The environment called *name*.

    Raises:
        BadDesiredState: There is none, or it cannot be made.
    """
    found = next((environment for environment in ENVIRONMENTS if environment.name == name), None)
    if found is None:
        names = ", ".join(environment.name for environment in ENVIRONMENTS)
        raise BadDesiredState(name, (f"there is no environment {name!r}, only {names}",))
    return checked(found)


def checked(environment: Environment) -> Environment:
    """*environment*, if it can be made.

    Raises:
        BadDesiredState: With everything that is wrong with it.
    """
    if wrong := problems(environment):
        raise BadDesiredState(environment.name, wrong)
    return environment
