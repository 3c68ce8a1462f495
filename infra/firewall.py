"""Security groups: each admits the hop before it and nobody else. A rule that is not wanted is taken out."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from infra.desired import Egress
from infra.kind import Kind
from infra.names import RESOURCE_TAG, Scope, as_list, as_mapping
from infra.network import BUSY, VPC
from infra.seen import Seen
from infra.session import Aws
from infra.tagged import Tagged
from infra.values import Call, Fields, Found, Ref, Resource, Steps

BALANCER: Final = "firewall/balancer"
TASKS: Final = "firewall/tasks"
ENDPOINTS: Final = "firewall/endpoints"
PORT: Final = 8080
"""Where the service listens; the settings' own default."""

_ANYWHERE: Final = "0.0.0.0/0"
_ALL: Final = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": _ANYWHERE}]}


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a security group.

    Args:
        group: Key of the group it stands in.
        peer: A network in CIDR notation, ``pl-...``, or the key of another group.
    """

    group: str
    inward: bool
    port: int
    peer: str
    why: str

    @property
    def key(self) -> str:
        """Rules are what they say: another port is another rule."""
        return _key(self.group, self.inward, "tcp", self.port, self.port, self.peer)


def rules(scope: Scope) -> Iterator[Rule]:
    """Who may talk to whom."""
    yield Rule(BALANCER, True, 80, _ANYWHERE, "the web")
    if scope.environment.domain:
        yield Rule(BALANCER, True, 443, _ANYWHERE, "the web")
    yield Rule(BALANCER, False, PORT, TASKS, "requests and health checks")
    yield Rule(TASKS, True, PORT, BALANCER, "requests and health checks")
    yield Rule(TASKS, False, 443, _ANYWHERE, "sources and AWS")
    if scope.environment.network.egress is Egress.ENDPOINTS:
        yield Rule(ENDPOINTS, True, 443, TASKS, "AWS, from tasks")
    else:
        yield Rule(TASKS, False, 80, _ANYWHERE, "sources without TLS")


def resources(scope: Scope) -> Iterator[Resource]:
    """What is wanted."""
    wanted = list(rules(scope))
    groups = {BALANCER: "the load balancer", TASKS: "tasks of the service"}
    if scope.environment.network.egress is Egress.ENDPOINTS:
        groups[ENDPOINTS] = "interface endpoints of AWS"
    for key, what in groups.items():
        name = scope.name(key.partition("/")[2])
        fields = {"GroupName": name, "Description": f"blendBeat {scope.environment.name}: {what}", "VpcId": Ref(VPC)}
        yield scope.resource("security group", key, fields, name=name)
    for rule in wanted:
        initial = {"GroupId": Ref(rule.group), "inward": rule.inward, "IpPermissions": [_permission(rule)]}
        yield scope.resource("security group rule", rule.key, {}, initial=initial)


class SecurityGroup(Tagged):
    """Who may talk to those in it, and to whom they may."""

    name = "security group"
    fixed = frozenset({"GroupName", "Description", "VpcId"})
    describe, members, identity, type = "describe_security_groups", "SecurityGroups[]", "GroupId", "security-group"

    def observe(self, aws: Aws, scope: Scope, seen: Seen) -> Iterable[Found]:
        """Ours, and those in our VPC that have the name of one of ours."""
        yield from super().observe(aws, scope, seen)
        wanted = {want.name: want.key for want in resources(scope) if want.kind == self.name}
        for vpc in seen.all("vpc"):
            filters = [{"Name": "vpc-id", "Values": [vpc.label]}, {"Name": "group-name", "Values": sorted(wanted)}]
            for answer in aws.each("ec2", self.describe, self.members, Filters=filters):
                if RESOURCE_TAG not in as_mapping(answer.get("Tags", ())):
                    yield Found(self.name, wanted[answer["GroupName"]], answer["GroupId"], {}, {}, ours=False)

    def fields(self, answer: Mapping[str, Any], aws: Aws) -> Fields:  # noqa: ARG002
        """As the answer calls them."""
        return {name: answer[name] for name in ("GroupName", "Description", "VpcId")}

    def create(self, want: Resource) -> Steps:
        """A group, without the rule that lets everything out, which AWS puts into every new one."""
        return (
            self.made("create_security_group", want, "GroupId", **want.fields),
            Call("ec2", "revoke_security_group_egress", {"GroupId": Ref(want.key), "IpPermissions": [_ALL]}),
        )

    def update(self, want: Resource, have: Found, changed: frozenset[str]) -> Steps:  # noqa: ARG002
        """Nothing of it can be changed."""
        return ()

    def delete(self, have: Found) -> Steps:
        """The group, once the last network interface has left it."""
        return (Call("ec2", "delete_security_group", {"GroupId": have.label}, patient=BUSY, patience_s=1200),)


class SecurityGroupRule(Kind):
    """One line of a group."""

    name = "security group rule"

    def observe(self, aws: Aws, scope: Scope, seen: Seen) -> Iterable[Found]:  # noqa: ARG002  as every kind
        """Every rule of our groups, whoever wrote it."""
        groups = {have.label: have.key for have in seen.all("security group")}
        if not groups:
            return
        filters = [{"Name": "group-id", "Values": sorted(groups)}]
        answers = aws.each("ec2", "describe_security_group_rules", "SecurityGroupRules[]", Filters=filters)
        for answer in sorted(answers, key=lambda rule: str(rule["SecurityGroupRuleId"])):
            inward = not answer["IsEgress"]
            yield Found(
                kind=self.name,
                key=_key(groups[answer["GroupId"]], inward, answer["IpProtocol"], answer.get("FromPort"),
                         answer.get("ToPort"), _peer(answer, seen)),
                label=answer["SecurityGroupRuleId"],
                fields={"GroupId": answer["GroupId"], "inward": inward},
                outputs={},
            )  # fmt: skip

    def create(self, want: Resource) -> Steps:
        """One line, tagged as it is written."""
        operation = f"authorize_security_group_{_side(want.initial['inward'])}"
        tags = [{"ResourceType": "security-group-rule", "Tags": as_list(want.tags)}]
        params = {name: want.initial[name] for name in ("GroupId", "IpPermissions")}
        return (Call("ec2", operation, {**params, "TagSpecifications": tags}, creates=True),)

    def update(self, want: Resource, have: Found, changed: frozenset[str]) -> Steps:  # noqa: ARG002
        """Another rule is another rule."""
        return ()

    def delete(self, have: Found) -> Steps:
        """The line."""
        operation = f"revoke_security_group_{_side(have.fields['inward'])}"
        return (Call("ec2", operation, {"GroupId": have.fields["GroupId"], "SecurityGroupRuleIds": [have.label]}),)


def _side(inward: bool) -> str:
    return "ingress" if inward else "egress"


def _permission(rule: Rule) -> dict[str, Any]:
    if rule.peer.startswith("firewall/"):
        peer = {"UserIdGroupPairs": [{"GroupId": Ref(rule.peer), "Description": rule.why}]}
    elif rule.peer.startswith("pl-"):
        peer = {"PrefixListIds": [{"PrefixListId": rule.peer, "Description": rule.why}]}
    else:
        peer = {"IpRanges": [{"CidrIp": rule.peer, "Description": rule.why}]}
    return {"IpProtocol": "tcp", "FromPort": rule.port, "ToPort": rule.port, **peer}


def _peer(answer: Mapping[str, Any], seen: Seen) -> str:
    group = answer.get("ReferencedGroupInfo", {}).get("GroupId")
    if group:
        return seen.key_of("security group", "id", group)
    return str(answer.get("CidrIpv4") or answer.get("CidrIpv6") or answer.get("PrefixListId"))


def _key(group: str, inward: bool, protocol: str, first: int | None, last: int | None, peer: str) -> str:
    ports = str(first) if first == last else f"{first}-{last}"
    return f"{group}/{'from' if inward else 'to'} {peer} {protocol} {ports}"


KINDS: Final = (SecurityGroup(), SecurityGroupRule())
