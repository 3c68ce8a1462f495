from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.desired import Domain, Egress, Environment, Routing
from infra.environments import ENVIRONMENTS, checked, named
from infra.errors import BadDesiredState
from infra.rules import FARGATE_MEMORY_MIB, LOG_RETENTION_DAYS, problems
from infra.servicesettings import deadline_s, settings
from origin.settings import SECRETS, VARIABLES
from tests.infra.samples import ALL, CERTIFICATE, SECURE

PLAIN = Environment(name="plain")


def with_(part: str, **values: Any) -> Environment:
    return replace(PLAIN, **{part: replace(getattr(PLAIN, part), **values)})


@pytest.mark.parametrize("environment", [*ENVIRONMENTS, *ALL, PLAIN], ids=lambda environment: environment.name)
def test_what_ships_can_be_made(environment: Environment) -> None:
    assert problems(environment) == ()


BAD = [
    (replace(PLAIN, name="Staging"), "name 'Staging'"),
    (replace(PLAIN, name="a" * 17), "2 to 16"),
    (replace(PLAIN, account="1234"), "not twelve digits"),
    (with_("network", cidr="10.0.0.0/8"), "/16 to /20"),
    (with_("network", cidr="8.8.0.0/16"), "private"),
    (with_("network", cidr="10.0.0.1/16"), "host bits"),
    (with_("network", zones=1), "needs 2"),
    (with_("network", egress=Egress.ENDPOINTS), "no source on the web"),
    (with_("tasks", cpu_units=500), "none of 256, 512"),
    (with_("tasks", cpu_units=256, memory_mib=1536), "does not go with 256"),
    (with_("tasks", memory_mib=512), "1024 to 4096 in steps of 1024"),
    (with_("tasks", tmp_mib=512), "at most a quarter"),
    (with_("tasks", start_period_s=301), "0 to 300"),
    (with_("tasks", nofile=10), "1024 to"),
    (with_("tasks", desired=0), "take the environment down"),
    (with_("tasks", on_demand=3), "not within 0 and tasks.desired"),
    (with_("tasks", spot_percent=101), "no percentage"),
    (with_("tasks", secret_arn="arn:aws:s3:::keys"), "not the ARN of a secret"),
    (with_("tasks", buckets=("Pictures",)), "no name of a bucket"),
    (with_("tasks", settings=(("BLENDBEAT_QUALTY", "70"),)), "BLENDBEAT_QUALTY is no setting"),
    (with_("tasks", settings=(("BLENDBEAT_QUALITY", "700"),)), "BLENDBEAT_QUALITY: "),
    (with_("tasks", settings=(("BLENDBEAT_KEYS", "aabb"),)), "BLENDBEAT_KEYS is a secret"),
    (with_("tasks", settings=(("PORT", "80"),)), "PORT follows from"),
    (with_("tasks", settings=(("BLENDBEAT_SOURCE_TIMEOUT_S", "20"),)), "37 s together"),
    (with_("logs", retention_days=31), "the nearest is 30"),
    (with_("logs", buffer_mib=0), "1 to 100"),
    (with_("repository", keep_images=1), "roll back"),
    (with_("repository", untagged_days=0), "below 1"),
    (with_("balancer", slow_start_s=30), "round_robin only"),
    (with_("balancer", slow_start_s=10, routing=Routing.ROUND_ROBIN), "30 to 900"),
    (with_("balancer", health_interval_s=4), "5 to 300"),
    (with_("balancer", health_timeout_s=10), "2 and the interval"),
    (with_("balancer", healthy_count=1), "2 to 10"),
    (with_("timeouts", edge_keepalive_s=60), "edge_keepalive_s 60 is not below idle_s 60"),
    (with_("timeouts", idle_s=75), "idle_s 75 is not below server_keepalive_s 75"),
    (with_("timeouts", request_deadline_s=30, deregistration_s=30), "is not below edge_read_s 30"),
    (with_("timeouts", drain_s=60), "drain_s 60 is not below stop_s 60"),
    (with_("timeouts", deregistration_s=20), "is below request_deadline_s"),
    (with_("timeouts", deregistration_s=60), "Spot notice"),
    (with_("timeouts", stop_s=121, deregistration_s=0), "2 to 120"),
    (replace(PLAIN, domain=Domain(name="img", certificate_arn=CERTIFICATE)), "'img' is no domain"),
    (replace(PLAIN, region="eu-west-1", domain=SECURE.domain), "in eu-west-1"),
]  # fmt: skip


@pytest.mark.parametrize(("environment", "text"), BAD, ids=[text for _, text in BAD])
def test_what_aws_would_refuse_is_refused_at_once(environment: Environment, text: str) -> None:
    assert any(text in problem for problem in problems(environment)), problems(environment)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(BadDesiredState) as refused:
        checked(replace(with_("logs", retention_days=31), name="No!", account="1"))
    assert len(refused.value.problems) == 3


def test_an_environment_that_there_is_not_is_told_with_those_there_are() -> None:
    with pytest.raises(BadDesiredState, match="only staging, production"):
        named("prod")


def test_memory_goes_in_steps_that_fargate_has() -> None:
    assert all(memory[0] % 512 == 0 and len(memory) >= 3 for memory in FARGATE_MEMORY_MIB.values())
    assert {7, 30, 90} <= LOG_RETENTION_DAYS


@pytest.mark.parametrize("environment", ALL, ids=lambda environment: environment.name)
def test_the_services_settings_are_settings_and_none_is_secret(environment: Environment) -> None:
    known = {variable.name: variable for variable in VARIABLES}
    found = settings(environment)
    assert found.keys() <= known.keys() - set(SECRETS)
    for name, text in found.items():
        known[name].read(text)


def test_the_chain_of_timeouts_is_the_one_of_the_programs() -> None:
    times = PLAIN.timeouts
    assert times.edge_keepalive_s < times.idle_s < times.server_keepalive_s
    assert deadline_s(PLAIN) <= times.request_deadline_s < times.edge_read_s
    assert times.deregistration_s + times.stop_s < 120
    gunicorn = (Path(__file__).parents[2] / "origin" / "gunicorn_conf.py").read_text()
    assert f"\nkeepalive = {times.server_keepalive_s}\n" in gunicorn
