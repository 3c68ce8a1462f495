"""The load balancer, its target group, and who listens where."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from infra import firewall
from infra.cost import Estate, Line
from infra.desired import Traffic
from infra.kind import Kind
from infra.names import Scope, as_list, as_mapping
from infra.network import VPC, public
from infra.prices import Prices
from infra.seen import Seen
from infra.session import Aws
from infra.values import Call, Fields, Found, Ref, Resource, Steps, Unordered

BALANCER: Final = "edge/balancer"
TARGETS: Final = "edge/targets"
LISTENER: Final = "edge/listener-"
_TLS: Final = "ELBSecurityPolicy-TLS13-1-2-2021-06"
_HEALTH: Final = (
    "HealthCheckPath", "HealthCheckIntervalSeconds", "HealthCheckTimeoutSeconds", "HealthyThresholdCount",
    "UnhealthyThresholdCount", "Matcher",
)  # fmt: skip


def resources(scope: Scope) -> Iterator[Resource]:
    """What is wanted."""
    yield scope.resource("load balancer", BALANCER, _balancer(scope), name=scope.name())
    yield scope.resource("target group", TARGETS, _targets(scope), name=scope.name("tasks"))
    forward = [{"Type": "forward", "TargetGroupArn": Ref(TARGETS, "arn")}]
    domain = scope.environment.domain
    if domain:
        secure = {
            "Protocol": "HTTPS",
            "SslPolicy": _TLS,
            "Certificates": [{"CertificateArn": domain.certificate_arn}],
            "DefaultActions": forward,
        }
        yield _listener(scope, 443, secure)
    redirect = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
    actions = [{"Type": "redirect", "RedirectConfig": redirect}] if domain else forward
    yield _listener(scope, 80, {"Protocol": "HTTP", "DefaultActions": actions})


def url(scope: Scope, dns_name: str) -> str:
    """Where the service can be reached."""
    domain = scope.environment.domain
    return f"https://{domain.name}" if domain else f"http://{dns_name}"


def _listener(scope: Scope, port: int, fields: Fields) -> Resource:
    initial = {"LoadBalancerArn": Ref(BALANCER, "arn"), "Port": port}
    return scope.resource("listener", f"{LISTENER}{port}", fields, initial=initial)


def _balancer(scope: Scope) -> dict[str, Any]:
    wanted = scope.environment
    return {
        "Scheme": "internet-facing",
        "Subnets": Unordered(tuple(Ref(key) for key in public(scope))),
        "SecurityGroups": Unordered((Ref(firewall.BALANCER),)),
        "Attributes": {
            "idle_timeout.timeout_seconds": str(wanted.timeouts.idle_s),
            "routing.http.drop_invalid_header_fields.enabled": "true",
            "routing.http.desync_mitigation_mode": "defensive",
            "deletion_protection.enabled": str(wanted.balancer.protected).lower(),
        },
    }


def _targets(scope: Scope) -> dict[str, Any]:
    balancer = scope.environment.balancer
    attributes = {
        "deregistration_delay.timeout_seconds": str(scope.environment.timeouts.deregistration_s),
        "load_balancing.algorithm.type": balancer.routing.value,
        "slow_start.duration_seconds": str(balancer.slow_start_s),
        "stickiness.enabled": "false",
    }
    return {
        "Protocol": "HTTP",
        "ProtocolVersion": "HTTP1",
        "Port": firewall.PORT,
        "VpcId": Ref(VPC),
        "TargetType": "ip",
        "HealthCheckPath": "/health",
        "HealthCheckIntervalSeconds": balancer.health_interval_s,
        "HealthCheckTimeoutSeconds": balancer.health_timeout_s,
        "HealthyThresholdCount": balancer.healthy_count,
        "UnhealthyThresholdCount": balancer.unhealthy_count,
        "Matcher": {"HttpCode": "200"},
        "Attributes": attributes,
    }


def _attributes(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": name, "Value": values[name]} for name in sorted(values)]


def _owned(aws: Aws, scope: Scope, arn: str) -> bool:
    (answer,) = aws.read("elbv2", "describe_tags", ResourceArns=[arn])["TagDescriptions"]
    return scope.owns(as_mapping(answer["Tags"]))


class LoadBalancer(Kind):
    """An application load balancer."""

    name = "load balancer"
    fixed = frozenset({"Scheme"})

    def observe(self, aws: Aws, scope: Scope, seen: Seen) -> Iterable[Found]:  # noqa: ARG002  as every kind
        """The one with our name."""
        answer = aws.maybe("elbv2", "describe_load_balancers", Names=[scope.name()])
        for balancer in answer["LoadBalancers"] if answer else ():
            arn = balancer["LoadBalancerArn"]
            told = aws.read("elbv2", "describe_load_balancer_attributes", LoadBalancerArn=arn)["Attributes"]
            fields = {
                "Scheme": balancer["Scheme"],
                "Subnets": [zone["SubnetId"] for zone in balancer["AvailabilityZones"]],
                "SecurityGroups": balancer["SecurityGroups"],
                "Attributes": as_mapping(told),
            }
            outputs = {
                "arn": arn,
                "dns": balancer["DNSName"],
                "zone": balancer["CanonicalHostedZoneId"],
                "dimension": arn.partition("loadbalancer/")[2],
            }
            yield Found(self.name, BALANCER, balancer["LoadBalancerName"], fields, outputs, _owned(aws, scope, arn))

    def create(self, want: Resource) -> Steps:
        """A load balancer, then its attributes."""
        params = {name: want.fields[name] for name in ("Scheme", "Subnets", "SecurityGroups")}
        told = "LoadBalancers[0]"
        call = Call(
            "elbv2",
            "create_load_balancer",
            {"Name": want.name, "Type": "application", **params, "Tags": as_list(want.tags)},
            gives={"arn": f"{told}.LoadBalancerArn", "dns": f"{told}.DNSName", "zone": f"{told}.CanonicalHostedZoneId"},
            creates=True,
        )
        return (call, _put_balancer(want.fields["Attributes"], Ref(want.key, "arn")))

    def update(self, want: Resource, have: Found, changed: frozenset[str]) -> Steps:
        """Each field has a call of its own."""
        arn = {"LoadBalancerArn": have.outputs["arn"]}
        steps: list[Call] = []
        if "Subnets" in changed:
            steps.append(Call("elbv2", "set_subnets", {**arn, "Subnets": want.fields["Subnets"]}))
        if "SecurityGroups" in changed:
            steps.append(Call("elbv2", "set_security_groups", {**arn, "SecurityGroups": want.fields["SecurityGroups"]}))
        if "Attributes" in changed:
            steps.append(_put_balancer(want.fields["Attributes"], have.outputs["arn"]))
        return tuple(steps)

    def delete(self, have: Found) -> Steps:
        """The load balancer; its protection first, if it has one: who takes everything down was asked."""
        arn = have.outputs["arn"]
        protected = have.fields["Attributes"].get("deletion_protection.enabled") == "true"
        unprotect = _put_balancer({"deletion_protection.enabled": "false"}, arn)
        return (
            *((unprotect,) if protected else ()),
            Call("elbv2", "delete_load_balancer", {"LoadBalancerArn": arn}),
        )

    def costs(self, key: str, estate: Estate, prices: Prices, traffic: Traffic) -> Iterable[Line]:
        """By the hour and by what it carries, and an address in each zone."""
        subnets = estate[key]["Subnets"]
        zones = len(subnets.items if isinstance(subnets, Unordered) else subnets)
        yield Line(key, "load balancer", prices.balancer_hour * prices.hours)
        # A unit carries a gigabyte in an hour; the least is what the traffic comes to if it were spread evenly.
        unit = prices.balancer_unit_hour * prices.hours
        even = traffic.gigabytes_out / prices.hours * unit
        yield Line(key, f"what it carries, {traffic.gigabytes_out} GB", round(even, 2), max(unit, 4 * even))
        addresses = zones * prices.public_ipv4_hour * prices.hours
        yield Line(key, f"{zones} public IPv4 addresses of the load balancer", addresses)
        beyond = max(0, traffic.gigabytes_out - prices.free_gigabytes_out)
        yield Line(key, f"{traffic.gigabytes_out} GB to the internet", beyond * prices.gigabyte_out)


def _put_balancer(attributes: Mapping[str, str], arn: str | Ref) -> Call:
    params = {"LoadBalancerArn": arn, "Attributes": _attributes(attributes)}
    return Call("elbv2", "modify_load_balancer_attributes", params)


class TargetGroup(Kind):
    """The tasks that requests are sent to."""

    name = "target group"
    fixed = frozenset({"Protocol", "ProtocolVersion", "Port", "VpcId", "TargetType"})

    def observe(self, aws: Aws, scope: Scope, seen: Seen) -> Iterable[Found]:  # noqa: ARG002  as every kind
        """The one with our name."""
        answer = aws.maybe("elbv2", "describe_target_groups", Names=[scope.name("tasks")])
        for group in answer["TargetGroups"] if answer else ():
            arn = group["TargetGroupArn"]
            told = aws.read("elbv2", "describe_target_group_attributes", TargetGroupArn=arn)["Attributes"]
            fields = {**group, "Attributes": as_mapping(told)}
            outputs = {"arn": arn, "dimension": arn.rpartition(":")[2]}
            yield Found(self.name, TARGETS, group["TargetGroupName"], fields, outputs, _owned(aws, scope, arn))

    def create(self, want: Resource) -> Steps:
        """A target group, then its attributes."""
        params = {name: value for name, value in want.fields.items() if name != "Attributes"}
        call = Call(
            "elbv2",
            "create_target_group",
            {"Name": want.name, **params, "Tags": as_list(want.tags)},
            gives={"arn": "TargetGroups[0].TargetGroupArn"},
            creates=True,
        )
        return (call, _put_targets(want, Ref(want.key, "arn")))

    def update(self, want: Resource, have: Found, changed: frozenset[str]) -> Steps:
        """Health checks and attributes."""
        arn = have.outputs["arn"]
        steps: list[Call] = []
        if changed & {*_HEALTH}:
            health = {name: want.fields[name] for name in _HEALTH}
            steps.append(Call("elbv2", "modify_target_group", {"TargetGroupArn": arn, **health}))
        if "Attributes" in changed:
            steps.append(_put_targets(want, arn))
        return tuple(steps)

    def delete(self, have: Found) -> Steps:
        """The group, once no listener uses it."""
        params = {"TargetGroupArn": have.outputs["arn"]}
        return (Call("elbv2", "delete_target_group", params, patient=(("ResourceInUse", ""),)),)


def _put_targets(want: Resource, arn: str | Ref) -> Call:
    params = {"TargetGroupArn": arn, "Attributes": _attributes(want.fields["Attributes"])}
    return Call("elbv2", "modify_target_group_attributes", params)


class Listener(Kind):
    """A port of the load balancer."""

    name = "listener"

    def observe(self, aws: Aws, scope: Scope, seen: Seen) -> Iterable[Found]:  # noqa: ARG002  as every kind
        """Every one of our load balancer, whoever made it."""
        arn = seen.output(Ref(BALANCER, "arn"))
        listeners = aws.maybe("elbv2", "describe_listeners", LoadBalancerArn=arn) if arn else None
        for listener in listeners["Listeners"] if listeners else ():
            fields = {**listener, "DefaultActions": [_plain(action) for action in listener["DefaultActions"]]}
            key = f"{LISTENER}{listener['Port']}"
            yield Found(self.name, key, listener["ListenerArn"], fields, {"arn": listener["ListenerArn"]})

    def create(self, want: Resource) -> Steps:
        """A listener."""
        params = {**want.wanted, "Tags": as_list(want.tags)}
        return (Call("elbv2", "create_listener", params, gives={"arn": "Listeners[0].ListenerArn"}, creates=True),)

    def update(self, want: Resource, have: Found, changed: frozenset[str]) -> Steps:  # noqa: ARG002
        """All of it at once, so that no request meets half of it."""
        return (Call("elbv2", "modify_listener", {"ListenerArn": have.label, **want.fields}),)

    def delete(self, have: Found) -> Steps:
        """The listener."""
        return (Call("elbv2", "delete_listener", {"ListenerArn": have.label}),)


def _plain(action: Mapping[str, Any]) -> Fields:
    """*action* as we write it: AWS tells one target group in two ways."""
    groups = action.get("ForwardConfig", {}).get("TargetGroups", ())
    if action["Type"] == "forward" and "TargetGroupArn" not in action and len(groups) == 1:
        return {**action, "TargetGroupArn": groups[0]["TargetGroupArn"]}
    return action


KINDS: Final = (LoadBalancer(), TargetGroup(), Listener())
