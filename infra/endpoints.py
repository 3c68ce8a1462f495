"""Ways to AWS that do not lead through the internet."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from infra import firewall
from infra.cost import Estate, Line
from infra.desired import Egress, Traffic
from infra.names import Scope
from infra.network import VPC, private
from infra.prices import Prices
from infra.routing import PUBLIC_TABLE, private_tables
from infra.session import Aws
from infra.tagged import Tagged
from infra.values import Call, Fields, Found, Ref, Resource, Steps, Unordered, Wait

_INTERFACES: Final = ("ecr.api", "ecr.dkr", "logs", "secretsmanager")
"""What a task needs to start: its image, whose layers come from S3, its keys, and somebody who listens."""


def resources(scope: Scope) -> Iterator[Resource]:
    """What is wanted: the one for S3 always, for it costs nothing."""
    tables = Unordered(tuple(Ref(key) for key in (PUBLIC_TABLE, *private_tables(scope))))
    fields: dict[str, Any] = {**_to(scope, "s3", "Gateway"), "RouteTableIds": tables}
    yield scope.resource("vpc endpoint", "network/endpoint-s3", fields)
    if scope.environment.network.egress is Egress.ENDPOINTS:
        for service in _INTERFACES:
            fields = {
                **_to(scope, service, "Interface"),
                "SubnetIds": Unordered(tuple(Ref(key) for key in private(scope))),
                "SecurityGroupIds": Unordered((Ref(firewall.ENDPOINTS),)),
                "PrivateDnsEnabled": True,
            }
            yield scope.resource("vpc endpoint", f"network/endpoint-{service.replace('.', '-')}", fields)


def _to(scope: Scope, service: str, kind: str) -> dict[str, Any]:
    prefix = "cn.com.amazonaws" if scope.partition == "aws-cn" and service.startswith("ecr") else "com.amazonaws"
    return {"VpcId": Ref(VPC), "ServiceName": f"{prefix}.{scope.region}.{service}", "VpcEndpointType": kind}


class VpcEndpoint(Tagged):
    """A door to one service of AWS."""

    name = "vpc endpoint"
    fixed = frozenset({"VpcId", "ServiceName", "VpcEndpointType"})
    describe, members, identity = "describe_vpc_endpoints", "VpcEndpoints[]", "VpcEndpointId"
    type = "vpc-endpoint"

    def fields(self, answer: Mapping[str, Any], aws: Aws) -> Fields:  # noqa: ARG002
        """As the creating call calls them."""
        names = ("VpcId", "ServiceName", "VpcEndpointType", "RouteTableIds", "SubnetIds", "PrivateDnsEnabled")
        groups = [group["GroupId"] for group in answer.get("Groups", ())]
        return {**{name: answer.get(name) for name in names}, "SecurityGroupIds": groups}

    def create(self, want: Resource) -> Steps:
        """An endpoint."""
        return (self.made("create_vpc_endpoint", want, "VpcEndpoint.VpcEndpointId", **want.fields),)

    def update(self, want: Resource, have: Found, changed: frozenset[str]) -> Steps:
        """Where it can be reached from: what is missing is added, what is too much removed."""
        params: dict[str, Any] = {"VpcEndpointId": have.label}
        for name in sorted(changed & {"RouteTableIds", "SubnetIds", "SecurityGroupIds"}):
            wanted, present = want.fields[name].items, have.fields[name] or ()
            added = [item for item in wanted if item not in present]
            removed = [item for item in present if item not in wanted]
            params |= {f"Add{name}": added} if added else {}
            params |= {f"Remove{name}": removed} if removed else {}
        if "PrivateDnsEnabled" in changed:
            params["PrivateDnsEnabled"] = want.fields["PrivateDnsEnabled"]
        return (Call("ec2", "modify_vpc_endpoint", params),)

    def delete(self, have: Found) -> Steps:
        """The endpoint, and until its network interfaces have left the subnets."""
        return (
            Call("ec2", "delete_vpc_endpoints", {"VpcEndpointIds": [have.label]}),
            Wait(f"{have.key} to be gone", gone=have.label),
        )

    def costs(self, key: str, estate: Estate, prices: Prices, traffic: Traffic) -> Iterable[Line]:  # noqa: ARG002
        """Interfaces by the hour and zone; the one of S3 nothing."""
        zones = len(getattr(subnets := estate[key].get("SubnetIds") or (), "items", subnets))
        if zones:
            yield Line(key, f"interface endpoint in {zones} zones", prices.endpoint_hour * prices.hours * zones)


KINDS: Final = (VpcEndpoint(),)
