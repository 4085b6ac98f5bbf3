"""The clients of AWS services, each created once, at its first use. Nothing connects at import."""

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.exceptions import NoCredentialsError

from clientela import deadlines

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_scheduler import EventBridgeSchedulerClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient

# botocore's default timeouts (60 s, 60 s) exceed those of functions. Standard retries back off
# with jitter.
CONFIG = Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "max_attempts": 4}, tcp_keepalive=True)


@cache
def session() -> boto3.Session:
    """Return the session that all clients share. It finds region and credentials."""
    made = boto3.Session()
    made.events.register("before-send", _require_time)
    return made


def _require_time(**_: object) -> None:
    """Send no request of botocore, and no repetition, that the invocation has no time for."""
    deadlines.call_seconds(0)


def credentials() -> ReadOnlyCredentials:
    """Return the credentials to sign with, refreshed if they are about to expire.

    Raises:
        NoCredentialsError: none are configured.
    """
    source = _credentials()
    if source is None:
        raise NoCredentialsError
    return source.get_frozen_credentials()


@cache
def _credentials() -> Credentials | None:
    return session().get_credentials()


@cache
def dynamodb() -> "DynamoDBClient":
    """Return the client of DynamoDB, with the endpoint and region that `table/dynamodb` uses."""
    return session().client("dynamodb", config=CONFIG.merge(Config(read_timeout=5, parameter_validation=False)))


@cache
def s3() -> "S3Client":
    """Return the client of S3: import sources, job files, exports.

    By default botocore signs URLs with Signature Version 2, which newer buckets refuse, and for the
    global endpoint, whose redirect to the bucket's region invalidates the signature.
    """
    return session().client(
        "s3", config=CONFIG.merge(Config(signature_version="s3v4", s3={"addressing_style": "virtual"}))
    )


@cache
def sqs() -> "SQSClient":
    """Return the client of SQS, with the endpoint and region that `sqs` uses."""
    return session().client("sqs", config=CONFIG)


@cache
def ses() -> "SESV2Client":
    """Return the client of SES, which sends mail.

    It repeats no call: after a lost response the mail would be sent twice. The queue repeats.
    """
    return session().client("sesv2", config=CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": 1})))


@cache
def events() -> "EventBridgeClient":
    """Return the client of EventBridge, which has the event bus."""
    return session().client("events", config=CONFIG)


@cache
def lambda_() -> "LambdaClient":
    """Return the client of Lambda, to invoke functions asynchronously."""
    return session().client("lambda", config=CONFIG)


@cache
def scheduler() -> "EventBridgeSchedulerClient":
    """Return the client of EventBridge Scheduler, which starts exports at their times."""
    return session().client("scheduler", config=CONFIG)


@cache
def step_functions() -> "SFNClient":
    """Return the client of Step Functions, to start the state machine of imports."""
    return session().client("stepfunctions", config=CONFIG)


@cache
def secrets() -> "SecretsManagerClient":
    """Return the client of Secrets Manager, which has the keys for signing and hashing."""
    return session().client("secretsmanager", config=CONFIG)
