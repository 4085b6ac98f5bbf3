"""The AWS clients, each made once, when it is first used: nothing connects at import."""

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient

# botocore's own defaults (60 s, 60 s) outlive a Lambda; standard retries back off with jitter.
CONFIG = Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "max_attempts": 4}, tcp_keepalive=True)


@cache
def dynamodb() -> "DynamoDBClient":
    """The table. PynamoDB's records and the lean client (dynamodb.py) share it, its credentials and its endpoint."""
    return boto3.client("dynamodb", config=CONFIG.merge(Config(read_timeout=5, parameter_validation=False)))


@cache
def s3() -> "S3Client":
    """Objects: import sources, job files, exports.

    botocore's default would sign URLs the old way (SigV2), which newer buckets refuse, and for the global endpoint, which
    redirects to the bucket's region and so breaks the signature.
    """
    return boto3.client("s3", config=CONFIG.merge(Config(signature_version="s3v4", s3={"addressing_style": "virtual"})))


@cache
def sqs() -> "SQSClient":
    """The mail queue."""
    return boto3.client("sqs", config=CONFIG)


@cache
def ses() -> "SESV2Client":
    """Outgoing mail."""
    return boto3.client("sesv2", config=CONFIG)


@cache
def events() -> "EventBridgeClient":
    """The bus on which events go out."""
    return boto3.client("events", config=CONFIG)


@cache
def lambda_() -> "LambdaClient":
    """Asynchronous invocation of the export function."""
    return boto3.client("lambda", config=CONFIG)


@cache
def step_functions() -> "SFNClient":
    """Start of an import's state machine."""
    return boto3.client("stepfunctions", config=CONFIG)


@cache
def secrets() -> "SecretsManagerClient":
    """The signing secret."""
    return boto3.client("secretsmanager", config=CONFIG)
