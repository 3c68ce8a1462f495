"""The repository that images of the service are pushed to."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from infra.cost import Estate, Line
from infra.desired import Traffic
from infra.kind import Kind
from infra.names import Scope, as_list, as_mapping
from infra.prices import Prices
from infra.seen import Seen
from infra.session import Aws
from infra.values import Call, Found, Json, Resource, Steps

REPOSITORY: Final = "registry/repository"
_IMAGE_GIGABYTES: Final = 0.25


def resources(scope: Scope) -> Iterator[Resource]:
    """What is wanted."""
    keep = scope.environment.repository
    policy = {
        "rules": [
            _expire(1, "untagged", "sinceImagePushed", keep.untagged_days, countUnit="days"),
            _expire(2, "any", "imageCountMoreThan", keep.keep_images),
        ]
    }
    fields = {
        "imageTagMutability": "IMMUTABLE",
        "imageScanningConfiguration": {"scanOnPush": True},
        "lifecyclePolicyText": Json(policy),
    }
    yield scope.resource("repository", REPOSITORY, fields, name=scope.name())


def _expire(priority: int, status: str, counting: str, number: int, **more: str) -> dict[str, Any]:
    what = f"{status} images, {counting} {number}"
    selection = {"tagStatus": status, "countType": counting, "countNumber": number, **more}
    return {"rulePriority": priority, "description": what, "selection": selection, "action": {"type": "expire"}}


class Repository(Kind):
    """A repository of ECR."""

    name = "repository"

    def observe(self, aws: Aws, scope: Scope, seen: Seen) -> Iterable[Found]:  # noqa: ARG002  as every kind
        """The one with our name."""
        answer = aws.maybe("ecr", "describe_repositories", repositoryNames=[scope.name()])
        for repository in answer["repositories"] if answer else ():
            arn, name = repository["repositoryArn"], repository["repositoryName"]
            tags = as_mapping(aws.read("ecr", "list_tags_for_resource", resourceArn=arn)["tags"])
            policy = aws.maybe("ecr", "get_lifecycle_policy", repositoryName=name)
            fields = {
                "imageTagMutability": repository["imageTagMutability"],
                "imageScanningConfiguration": repository["imageScanningConfiguration"],
                "lifecyclePolicyText": json.loads(policy["lifecyclePolicyText"]) if policy else None,
            }
            outputs = {"arn": arn, "uri": repository["repositoryUri"]}
            yield Found(self.name, REPOSITORY, name, fields, outputs, ours=scope.owns(tags))

    def create(self, want: Resource) -> Steps:
        """A repository, then its policy."""
        params = {name: value for name, value in want.fields.items() if name != "lifecyclePolicyText"}
        gives = {"arn": "repository.repositoryArn", "uri": "repository.repositoryUri"}
        call = Call(
            "ecr",
            "create_repository",
            {"repositoryName": want.name, **params, "tags": as_list(want.tags)},
            gives=gives,
            creates=True,
        )
        return (call, _PUTS["lifecyclePolicyText"](want))

    def update(self, want: Resource, have: Found, changed: frozenset[str]) -> Steps:  # noqa: ARG002
        """Each field has a call of its own."""
        return tuple(_PUTS[name](want) for name in sorted(changed))

    def delete(self, have: Found) -> Steps:
        """The repository with all its images."""
        return (Call("ecr", "delete_repository", {"repositoryName": have.label, "force": True}),)

    def costs(self, key: str, estate: Estate, prices: Prices, traffic: Traffic) -> Iterable[Line]:  # noqa: ARG002
        """By the size of what is kept; layers are shared, so a new image is mostly the code."""
        low, high = (prices.repository_gigabyte * _IMAGE_GIGABYTES * images for images in (1, 10))
        yield Line(key, f"images, {prices.repository_gigabyte} a GB", low, high)


def _put(operation: str, field: str) -> Any:
    return lambda want: Call("ecr", operation, {"repositoryName": want.name, field: want.fields[field]})


_PUTS: Final = {
    "imageTagMutability": _put("put_image_tag_mutability", "imageTagMutability"),
    "imageScanningConfiguration": _put("put_image_scanning_configuration", "imageScanningConfiguration"),
    "lifecyclePolicyText": _put("put_lifecycle_policy", "lifecyclePolicyText"),
}

KINDS: Final = (Repository(),)
