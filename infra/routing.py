"""Ways out: NAT gateways with their addresses, route tables, and which subnet uses which."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Final

from infra.cost import Estate, Line
from infra.desired import Egress, Traffic
from infra.kind import Kind
from infra.names import Scope
from infra.network import BUSY, GATEWAY, VPC, letters
from infra.prices import Prices
from infra.seen import Seen
from infra.session import Aws
from infra.tagged import Tagged
from infra.values import Call, Fields, Found, Ref, Resource, Steps, Wait

PUBLIC_TABLE: Final = "network/routes-public"
_WAYS: Final = ("GatewayId", "NatGatewayId")
_ANYWHERE: Final = "0.0.0.0/0"
_NOT_YET: Final = (("InvalidNatGatewayID.NotFound", ""), ("InvalidGatewayID.NotFound", ""))


def private_tables(scope: Scope) -> tuple[str, ...]:
    """Keys of the private subnets' route tables, one each, so that each zone can have its own way out."""
    return tuple(f"network/routes-private-{letter}" for letter in letters(scope))


def resources(scope: Scope) -> Iterator[Resource]:
    """What is wanted."""
    egress = scope.environment.network.egress
    exits = {Egress.NAT: letters(scope)[:1], Egress.NAT_PER_ZONE: letters(scope)}.get(egress, "")
    for letter in exits:
        yield scope.resource("address", f"network/nat-address-{letter}", {"Domain": "vpc"})
        nat = {"SubnetId": Ref(f"network/public-{letter}"), "AllocationId": Ref(f"network/nat-address-{letter}")}
        yield scope.resource("nat gateway", f"network/nat-{letter}", {**nat, "State": "available"})
    for key in (PUBLIC_TABLE, *private_tables(scope)):
        yield scope.resource("route table", key, {"VpcId": Ref(VPC)})
    for letter in letters(scope):
        yield _association(scope, f"network/public-{letter}", PUBLIC_TABLE)
        yield _association(scope, f"network/private-{letter}", f"network/routes-private-{letter}")
    yield _route(scope, PUBLIC_TABLE, {"GatewayId": Ref(GATEWAY)})
    for letter in letters(scope) if exits else "":
        way = letter if letter in exits else exits[0]
        yield _route(scope, f"network/routes-private-{letter}", {"NatGatewayId": Ref(f"network/nat-{way}")})


def _association(scope: Scope, subnet: str, table: str) -> Resource:
    return scope.resource("route table of", f"{subnet}/routes", {"SubnetId": Ref(subnet), "RouteTableId": Ref(table)})


def _route(scope: Scope, table: str, target: Fields) -> Resource:
    fields = {**dict.fromkeys(_WAYS), **target}
    return scope.resource("route", f"{table}/{_ANYWHERE}", fields, initial={"RouteTableId": Ref(table)})


class Address(Tagged):
    """A public IPv4 address that stays."""

    name = "address"
    describe, members, identity = "describe_addresses", "Addresses[]", "AllocationId"
    type = "elastic-ip"

    def fields(self, answer: Mapping[str, Any], aws: Aws) -> Fields:  # noqa: ARG002
        """Nothing of it can be chosen."""
        return {"Domain": answer["Domain"]}

    def create(self, want: Resource) -> Steps:
        """An address."""
        return (self.made("allocate_address", want, "AllocationId", Domain="vpc"),)

    def update(self, want: Resource, have: Found, changed: frozenset[str]) -> Steps:  # noqa: ARG002
        """Nothing to change."""
        return ()

    def delete(self, have: Found) -> Steps:
        """Given back; a NAT gateway lets go of it a little after it is gone."""
        not_yet = (("InvalidIPAddress.InUse", ""),)
        return (Call("ec2", "release_address", {"AllocationId": have.label}, patient=not_yet),)

    def costs(self, key: str, estate: Estate, prices: Prices, traffic: Traffic) -> Iterable[Line]:  # noqa: ARG002
        """By the hour, used or not."""
        yield Line(key, "public IPv4 address", prices.public_ipv4_hour * prices.hours)


class NatGateway(Tagged):
    """The way out of private subnets."""

    name = "nat gateway"
    fixed = frozenset({"SubnetId", "AllocationId", "State"})
    replaceable = True
    describe, members, identity, type = "describe_nat_gateways", "NatGateways[]", "NatGatewayId", "natgateway"
    filters = "Filter"

    def fields(self, answer: Mapping[str, Any], aws: Aws) -> Fields:  # noqa: ARG002
        """Where it is; one that is coming is as good as there, one that failed is not."""
        addresses = answer.get("NatGatewayAddresses", ())
        return {
            "SubnetId": answer["SubnetId"],
            "AllocationId": next((address.get("AllocationId") for address in addresses), None),
            "State": "failed" if answer["State"] == "failed" else "available",
        }

    def outputs(self, answer: Mapping[str, Any]) -> dict[str, str]:
        """Its state, which is waited for."""
        return {"state": answer["State"]}

    def create(self, want: Resource) -> Steps:
        """A gateway, and until it works."""
        params = {name: want.fields[name] for name in ("SubnetId", "AllocationId")}
        return (
            self.made("create_nat_gateway", want, "NatGateway.NatGatewayId", **params),
            Wait(want.key, output="state", until=frozenset({"available"}), failed=frozenset({"failed", "deleted"})),
        )

    def update(self, want: Resource, have: Found, changed: frozenset[str]) -> Steps:  # noqa: ARG002
        """Nothing of it can be changed."""
        return ()

    def delete(self, have: Found) -> Steps:
        """The gateway, and until its address is free."""
        return (
            Call("ec2", "delete_nat_gateway", {"NatGatewayId": have.label}),
            Wait(f"{have.key} to be gone", gone=have.label),
        )

    def costs(self, key: str, estate: Estate, prices: Prices, traffic: Traffic) -> Iterable[Line]:  # noqa: ARG002
        """By the hour; what goes through it costs, too, and is not estimated."""
        yield Line(key, f"NAT gateway, and {prices.nat_gigabyte} a GB", prices.nat_hour * prices.hours)


class RouteTable(Tagged):
    """Where packets of a subnet go."""

    name = "route table"
    fixed = frozenset({"VpcId"})
    describe, members, identity, type = "describe_route_tables", "RouteTables[]", "RouteTableId", "route-table"

    def fields(self, answer: Mapping[str, Any], aws: Aws) -> Fields:  # noqa: ARG002
        """Its VPC."""
        return {"VpcId": answer["VpcId"]}

    def create(self, want: Resource) -> Steps:
        """An empty table."""
        return (self.made("create_route_table", want, "RouteTable.RouteTableId", VpcId=want.fields["VpcId"]),)

    def update(self, want: Resource, have: Found, changed: frozenset[str]) -> Steps:  # noqa: ARG002
        """Nothing of it can be changed."""
        return ()

    def delete(self, have: Found) -> Steps:
        """The table."""
        return (Call("ec2", "delete_route_table", {"RouteTableId": have.label}, patient=BUSY),)


class _OfTables(Kind):
    """What route tables of ours tell of themselves."""

    def observe(self, aws: Aws, scope: Scope, seen: Seen) -> Iterable[Found]:  # noqa: ARG002  as every kind
        """Everything in tables of ours, whoever put it there."""
        tables = [have.label for have in seen.all("route table")]
        answers = aws.each("ec2", "describe_route_tables", "RouteTables[]", RouteTableIds=tables) if tables else ()
        for answer in answers:
            yield from self.inside(answer, seen)

    def inside(self, answer: Mapping[str, Any], seen: Seen) -> Iterator[Found]:
        """What of this kind is in one table."""
        raise NotImplementedError


class Association(_OfTables):
    """Which table a subnet uses."""

    name: ClassVar[str] = "route table of"

    def inside(self, answer: Mapping[str, Any], seen: Seen) -> Iterator[Found]:
        """Each explicit association."""
        for link in answer["Associations"]:
            if subnet := link.get("SubnetId"):
                yield Found(
                    kind=self.name,
                    key=f"{seen.key_of('subnet', 'id', subnet)}/routes",
                    label=link["RouteTableAssociationId"],
                    fields={"SubnetId": subnet, "RouteTableId": answer["RouteTableId"]},
                    outputs={},
                )

    def create(self, want: Resource) -> Steps:
        """Repeating it is no harm: the answer is the same association."""
        return (Call("ec2", "associate_route_table", want.fields),)

    def update(self, want: Resource, have: Found, changed: frozenset[str]) -> Steps:  # noqa: ARG002
        """Another table, without a moment in between."""
        params = {"AssociationId": have.label, "RouteTableId": want.fields["RouteTableId"]}
        return (Call("ec2", "replace_route_table_association", params),)

    def delete(self, have: Found) -> Steps:
        """The subnet falls back to the VPC's own table, which leads nowhere."""
        return (Call("ec2", "disassociate_route_table", {"AssociationId": have.label}),)


class Route(_OfTables):
    """One destination in a table."""

    name: ClassVar[str] = "route"

    def inside(self, answer: Mapping[str, Any], seen: Seen) -> Iterator[Found]:
        """Each route that somebody made; those of gateway endpoints come and go with them."""
        for route in answer["Routes"]:
            to = route.get("DestinationCidrBlock") or route.get("DestinationIpv6CidrBlock")
            if to is None or route.get("Origin") != "CreateRoute":
                continue
            table = answer["RouteTableId"]
            ways = {name: route.get(name) for name in _WAYS}
            yield Found(
                kind=self.name,
                key=f"{seen.key_of('route table', 'id', table)}/{to}",
                label=f"{table} {to}",
                fields={**ways, "table": table, "to": to},
                outputs={},
            )

    def create(self, want: Resource) -> Steps:
        """A route."""
        return (Call("ec2", "create_route", _target(want), creates=True, patient=_NOT_YET),)

    def update(self, want: Resource, have: Found, changed: frozenset[str]) -> Steps:  # noqa: ARG002
        """Another way to the same destination."""
        return (Call("ec2", "replace_route", _target(want), patient=_NOT_YET),)

    def delete(self, have: Found) -> Steps:
        """The route; it could be one of IPv6 that somebody added."""
        to = str(have.fields["to"])
        name = "DestinationIpv6CidrBlock" if ":" in to else "DestinationCidrBlock"
        return (Call("ec2", "delete_route", {"RouteTableId": have.fields["table"], name: to}),)


def _target(want: Resource) -> dict[str, Any]:
    ways = {name: value for name, value in want.fields.items() if value is not None}
    return {**want.initial, "DestinationCidrBlock": _ANYWHERE, **ways}


KINDS: Final = (Address(), NatGateway(), RouteTable(), Association(), Route())
