"""Where moto answers otherwise than AWS: small corrections, each of which says what AWS does.

They reach into moto, so every one asserts that what it replaces is there still.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from unittest import mock

from moto.acm.models import AWSCertificateManagerBackend
from moto.core import responses
from moto.core.utils import camelcase_to_underscores, method_names_from_class
from moto.ecs.exceptions import InvalidParameterException
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.elbv2.exceptions import DuplicateListenerError, DuplicateLoadBalancerName
from moto.elbv2.models import ELBv2Backend

DROPPED = (
    "capacityProviderStrategy",
    "deploymentConfiguration",
    "healthCheckGracePeriodSeconds",
    "enableECSManagedTags",
    "enableExecuteCommand",
    "availabilityZoneRebalancing",
    "monitoring",
)
"""What moto's create_service takes and forgets; its update_service keeps it."""


@contextmanager
def corrected() -> Iterator[None]:
    """As AWS answers, for as long as the block runs."""
    with (
        _wrapped(EC2ContainerServiceResponse, "create_service", _create_service),
        _wrapped(ELBv2Backend, "create_load_balancer", _create_load_balancer),
        _wrapped(ELBv2Backend, "create_listener", _create_listener),
        # Certificates of tests are in no account.
        _wrapped(ELBv2Backend, "_certificate_exists", lambda *_, **__: True),
        # Looks a class through for every request, which is a seventh of the time that all these tests take.
        mock.patch.object(responses, "method_names_from_class", cache(method_names_from_class)),
        _wrapped(AWSCertificateManagerBackend, "set_certificate_in_use_by", lambda *_, **__: None),
    ):
        yield


@contextmanager
def _wrapped(owner: type, name: str, correction: Any) -> Iterator[None]:
    original = vars(owner)[name]

    def wrapped(self: Any, *positional: Any, **named: Any) -> Any:
        return correction(original, self, *positional, **named)

    with mock.patch.object(owner, name, wrapped):
        yield


def _create_service(original: Any, self: Any) -> Any:
    """A second one of a name is refused, and what was asked for is kept."""
    pair = f"{self._get_param('cluster').rpartition('/')[2]}:{self._get_param('serviceName')}"
    there = self.ecs_backend.services.get(pair)
    if there is not None and there.status != "INACTIVE":
        raise InvalidParameterException("Creation of service was not idempotent.")
    result = original(self)
    service = self.ecs_backend.services[pair]
    for name in DROPPED:
        if (value := self._get_param(name)) is not None:
            setattr(service, _snake(name), value)
    return result


def _snake(name: str) -> str:
    snake: str = camelcase_to_underscores(name)
    return snake


def _create_load_balancer(original: Any, self: Any, name: str, *positional: Any, **named: Any) -> Any:
    """Refused under a name that is taken by another; ours never asks for the same twice."""
    if any(balancer.name == name for balancer in self.load_balancers.values()):
        raise DuplicateLoadBalancerName
    return original(self, name, *positional, **named)


def _create_listener(
    original: Any, self: Any, load_balancer_arn: str, protocol: str, port: str, *more: Any, **named: Any
) -> Any:
    """Refused at a port that has one."""
    balancer = self.load_balancers.get(load_balancer_arn)
    if balancer and any(str(listener.port) == str(port) for listener in balancer.listeners.values()):
        raise DuplicateListenerError
    return original(self, load_balancer_arn, protocol, port, *more, **named)
