from typing import Any

import botocore.session
import pytest

from tests.infra.strict import problems

SESSION = botocore.session.get_session()

WRONG: list[tuple[str, str, dict[str, Any]]] = [
    ("ecs", "CreateService", {"serviceName": "a", "launchType": "FARGATEX"}),
    ("elbv2", "CreateListener", {"LoadBalancerArn": "a", "Protocol": "HTTTP", "DefaultActions": [{"Type": "forward"}]}),
    ("iam", "CreateRole", {"RoleName": "a b", "AssumeRolePolicyDocument": "{}"}),
    ("iam", "CreateRole", {"RoleName": "a" * 65, "AssumeRolePolicyDocument": "{}"}),
    ("logs", "CreateLogGroup", {"logGroupName": "with space"}),
    ("elbv2", "CreateTargetGroup", {"Name": "a", "HealthCheckIntervalSeconds": 301}),
]


@pytest.mark.parametrize(("service", "operation", "params"), WRONG)
def test_what_botocore_would_let_through_is_found(service: str, operation: str, params: dict[str, Any]) -> None:
    shape = SESSION.get_service_model(service).operation_model(operation).input_shape
    assert list(problems(shape, params))
