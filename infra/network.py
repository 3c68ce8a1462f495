"""The VPC, its way to the internet, and its subnets: in each zone a public and a private one."""

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any, Final

from infra.names import Scope
from infra.seen import Seen
from infra.session import Aws
from infra.tagged import Tagged
from infra.values import Call, Fields, Found, Ref, Resource, Steps

VPC: Final = "network/vpc"
GATEWAY: Final = "network/internet-gateway"
BUSY: Final = (("DependencyViolation", ""),)
"""Network interfaces of tasks and load balancers outlive them by minutes."""


def letters(scope: Scope) -> str:
    """One letter for each zone.

    >>> from infra.desired import Environment
    >>> letters(Scope(Environment(name="staging"), "123456789012", ()))
    'ab'
    """
    return "abc"[: scope.environment.network.zones]


def public(scope: Scope) -> tuple[str, ...]:
    """Keys of the subnets that the internet can reach."""
    return tuple(f"network/public-{letter}" for letter in letters(scope))


def private(scope: Scope) -> tuple[str, ...]:
    """Keys of those that it cannot reach."""
    return tuple(f"network/private-{letter}" for letter in letters(scope))


def resources(scope: Scope) -> Iterator[Resource]:
    """What is wanted."""
    block = ipaddress.IPv4Network(scope.environment.network.cidr)
    yield scope.resource("vpc", VPC, {"CidrBlock": str(block), "EnableDnsSupport": True, "EnableDnsHostnames": True})
    yield scope.resource("internet gateway", GATEWAY, {"VpcId": Ref(VPC)})
    # Sixteenths: the first half for public subnets, so that a zone more moves none.
    blocks = list(block.subnets(prefixlen_diff=4))
    for keys, first in ((public(scope), 0), (private(scope), 8)):
        for number, key in enumerate(keys):
            yield scope.resource(
                "subnet",
                key,
                {"VpcId": Ref(VPC), "CidrBlock": str(blocks[first + number])},
                initial={"AvailabilityZone": scope.zones[number]},
            )


class Vpc(Tagged):
    """A network of its own."""

    name = "vpc"
    fixed = frozenset({"CidrBlock"})
    describe, members, identity, type = "describe_vpcs", "Vpcs[]", "VpcId", "vpc"

    def fields(self, answer: Mapping[str, Any], aws: Aws) -> Fields:
        """Its block, and two attributes that have to be asked for one by one."""
        vpc = answer["VpcId"]
        asked = {name: aws.read("ec2", "describe_vpc_attribute", VpcId=vpc, Attribute=name) for name in _ATTRIBUTES}
        attributes = {name[0].upper() + name[1:]: asked[name][name[0].upper() + name[1:]]["Value"] for name in asked}
        return {"CidrBlock": answer["CidrBlock"], **attributes}

    def preferred(self, found: list[Found], aws: Aws, seen: Seen) -> list[Found]:  # noqa: ARG002
        """The one that others are in already."""
        if len(found) < 2:
            return found
        ids = [have.label for have in found]
        subnets = aws.each("ec2", "describe_subnets", "Subnets[].VpcId", Filters=[{"Name": "vpc-id", "Values": ids}])
        return sorted(found, key=lambda have: -subnets.count(have.label))

    def create(self, want: Resource) -> Steps:
        """The VPC; DNS names are not on by default."""
        call = self.made("create_vpc", want, "Vpc.VpcId", CidrBlock=want.fields["CidrBlock"])
        return (call, *(_attribute(name, want, Ref(want.key)) for name in ("EnableDnsHostnames",)))

    def update(self, want: Resource, have: Found, changed: frozenset[str]) -> Steps:
        """The attributes."""
        return tuple(_attribute(name, want, have.label) for name in sorted(changed))

    def delete(self, have: Found) -> Steps:
        """The VPC, once nothing is in it any more."""
        return (Call("ec2", "delete_vpc", {"VpcId": have.label}, patient=BUSY),)


_ATTRIBUTES: Final = ("enableDnsSupport", "enableDnsHostnames")


def _attribute(name: str, want: Resource, vpc: str | Ref) -> Call:
    return Call("ec2", "modify_vpc_attribute", {"VpcId": vpc, name: {"Value": want.fields[name]}})


class InternetGateway(Tagged):
    """What public subnets are public by."""

    name = "internet gateway"
    describe, members, identity = "describe_internet_gateways", "InternetGateways[]", "InternetGatewayId"
    type = "internet-gateway"

    def fields(self, answer: Mapping[str, Any], aws: Aws) -> Fields:  # noqa: ARG002
        """The VPC it is attached to."""
        return {"VpcId": next((attached["VpcId"] for attached in answer["Attachments"]), None)}

    def create(self, want: Resource) -> Steps:
        """A gateway, attached."""
        return (
            self.made("create_internet_gateway", want, "InternetGateway.InternetGatewayId"),
            _attach(Ref(want.key), want),
        )

    def update(self, want: Resource, have: Found, changed: frozenset[str]) -> Steps:  # noqa: ARG002
        """Attached again."""
        return (*_detach(have), _attach(have.label, want))

    def delete(self, have: Found) -> Steps:
        """Detached first."""
        return (*_detach(have), Call("ec2", "delete_internet_gateway", {"InternetGatewayId": have.label}))


def _attach(gateway: str | Ref, want: Resource) -> Call:
    return Call("ec2", "attach_internet_gateway", {"InternetGatewayId": gateway, "VpcId": want.fields["VpcId"]})


def _detach(have: Found) -> Steps:
    vpc = have.fields["VpcId"]
    params = {"InternetGatewayId": have.label, "VpcId": vpc}
    return (Call("ec2", "detach_internet_gateway", params, patient=BUSY),) if vpc else ()


class Subnet(Tagged):
    """A part of the VPC in one zone."""

    name = "subnet"
    fixed = frozenset({"VpcId", "CidrBlock"})
    describe, members, identity, type = "describe_subnets", "Subnets[]", "SubnetId", "subnet"

    def fields(self, answer: Mapping[str, Any], aws: Aws) -> Fields:  # noqa: ARG002
        """As the answer calls them."""
        return {name: answer[name] for name in ("VpcId", "CidrBlock", "AvailabilityZone")}

    def create(self, want: Resource) -> Steps:
        """A subnet. That only lasting things may have public addresses is the default."""
        return (self.made("create_subnet", want, "Subnet.SubnetId", **want.wanted),)

    def update(self, want: Resource, have: Found, changed: frozenset[str]) -> Steps:  # noqa: ARG002
        """Nothing of a subnet can be changed."""
        return ()

    def delete(self, have: Found) -> Steps:
        """The subnet, once the last network interface has left it."""
        return (Call("ec2", "delete_subnet", {"SubnetId": have.label}, patient=BUSY, patience_s=1200),)


KINDS: Final = (Vpc(), InternetGateway(), Subnet())
