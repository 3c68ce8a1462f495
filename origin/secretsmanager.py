"""``python -m origin.secretsmanager ARN``: prints one secret of AWS Secrets Manager.

Credentials are found as everywhere in AWS: the role of the task, or the environment.
"""

import sys

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

_PATIENCE = Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 5})
"""A deploy of many tasks at once is throttled at times; with its pauses this is over in under a minute."""


def secret(arn: str) -> str:
    """The text of the secret called *arn*.

    Raises:
        ValueError: It cannot be had, or is no text.
    """
    region = arn.split(":")[3]
    try:
        client = boto3.client("secretsmanager", region_name=region, config=_PATIENCE)
        answer = client.get_secret_value(SecretId=arn)
    except (BotoCoreError, ClientError) as error:
        raise ValueError(str(error)) from None
    if "SecretString" not in answer:
        raise ValueError("the secret is no text")
    text: str = answer["SecretString"]
    return text


if __name__ == "__main__":
    try:
        sys.stdout.write(secret(sys.argv[1]))
    except ValueError as error:
        sys.exit(str(error))
