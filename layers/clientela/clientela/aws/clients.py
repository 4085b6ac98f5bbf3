"""The AWS clients, each made once, when it is first used: nothing connects at import."""

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.exceptions import NoCredentialsError

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
def session() -> boto3.Session:
    """Return the session that all clients share: it finds region and credentials."""
    return boto3.Session()


def credentials() -> ReadOnlyCredentials:
    """Return the credentials to sign with, refreshed if they are about to expire.

    Raises:
        NoCredentialsError: none are configured.
    """
    found = _credentials()
    if found is None:
        raise NoCredentialsError
    return found.get_frozen_credentials()


@cache
def _credentials() -> Credentials | None:
    return session().get_credentials()


@cache
def dynamodb() -> "DynamoDBClient":
    """The table. PynamoDB's records and the lean client (dynamodb.py) share it, its credentials and its endpoint."""
    return session().client("dynamodb", config=CONFIG.merge(Config(read_timeout=5, parameter_validation=False)))


@cache
def s3() -> "S3Client":
    """Objects: import sources, job files, exports.

    botocore's default would sign URLs the old way (SigV2), which newer buckets refuse, and for the global endpoint, which
    redirects to the bucket's region and so breaks the signature.
    """
    return session().client(
        "s3", config=CONFIG.merge(Config(signature_version="s3v4", s3={"addressing_style": "virtual"}))
    )


@cache
def sqs() -> "SQSClient":
    """The mail queue."""
    return session().client("sqs", config=CONFIG)


@cache
def ses() -> "SESV2Client":
    """Outgoing mail."""
    return session().client("sesv2", config=CONFIG)


@cache
def events() -> "EventBridgeClient":
    """The bus on which events go out."""
    return session().client("events", config=CONFIG)


@cache
def lambda_() -> "LambdaClient":
    """Asynchronous invocation of the export function."""
    return session().client("lambda", config=CONFIG)


@cache
def step_functions() -> "SFNClient":
    """Start of an import's state machine."""
    return session().client("stepfunctions", config=CONFIG)


@cache
def secrets() -> "SecretsManagerClient":
    """The signing secret."""
    return session().client("secretsmanager", config=CONFIG)
