"""The deployment that a command works on: a stack in an AWS account, or a local cloud.

The stack's outputs name its resources. They become the domain's settings, so that a command can use
the domain as the Lambda functions do.
"""

import json
import os
from pathlib import Path
from typing import NamedTuple

import boto3
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from clientela.aws.clients import CONFIG
from clientela.schema.actors import OPERATOR, Actor
from clientela_cli.console.exit_codes import CommandError

DEFAULT_STACK = "clientela"  # the stack that samconfig.toml deploys without --config-env
LOCAL_STACK = "clientela-local"
_LOCAL_KEY = "test"  # the local cloud's root key pair; valid nowhere else

# Each stack output with the variable that clientela.settings reads.
_SETTINGS = {
    "Table": "TABLE_NAME",
    "ImportsBucket": "IMPORTS_BUCKET",
    "ImportJobsBucket": "IMPORT_JOBS_BUCKET",
    "ExportsBucket": "EXPORTS_BUCKET",
    "ExportRetentionDays": "EXPORT_RETENTION_DAYS",
    "MailQueueUrl": "MAIL_QUEUE_URL",
    "BulkMailQueueUrl": "BULK_MAIL_QUEUE_URL",
    "ImportStateMachineArn": "IMPORT_STATE_MACHINE_ARN",
    "CsvImportReceiveFunctionName": "IMPORT_FUNCTION_NAME",
    "MaxImportMegabytes": "MAX_IMPORT_MEGABYTES",
    "BulkChangesFunctionName": "BULK_FUNCTION_NAME",
    "RemovalQueueUrl": "REMOVAL_QUEUE_URL",
    "SigningSecretArn": "SIGNING_SECRET_ARN",
    "ErasureSecretArn": "ERASURE_SECRET_ARN",
    "SenderAddress": "SENDER_ADDRESS",
}
_QUEUES = ("OrdersQueueUrl", "OrdersDeadLetterQueueUrl")  # in the order of Deployment's fields


class Deployment(NamedTuple):
    """The parts of a deployment that commands need beside the domain's settings."""

    stack: str
    orders_queue_url: str
    orders_dead_letter_queue_url: str


def connect(*, local: bool, stack: str) -> Deployment:
    """Point the domain at a deployment.

    Raises:
        CommandError: the stack is missing, cannot be reached, or is not a Clientela deployment.
    """
    if local:
        stack = LOCAL_STACK
        _use_local_cloud(_read_local_outputs())
    outputs = _stack_outputs(stack)
    if missing := [name for name in (*_SETTINGS, *_QUEUES) if name not in outputs]:
        raise CommandError(
            f"The stack {stack} is not a Clientela deployment, or it is too old: its output {missing[0]} is missing."
        )
    os.environ.update({variable: outputs[name] for name, variable in _SETTINGS.items()})
    return Deployment(stack, *(outputs[name] for name in _QUEUES))


def operator() -> Actor:
    """Return who uses the command, for the audit trail: the IAM user or role of the credentials."""
    try:
        arn = boto3.client("sts", config=CONFIG).get_caller_identity()["Arn"]
    except (BotoCoreError, ClientError):  # the command does not depend on it
        return OPERATOR
    return Actor("operator", arn.split(":", 5)[-1])


def _use_local_cloud(outputs: dict[str, str]) -> None:
    """Replace the shell's AWS settings, so that the command cannot reach an account."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {
        "AWS_ENDPOINT_URL": outputs["endpoint_url"],
        "AWS_DEFAULT_REGION": outputs["region"],
        "AWS_ACCESS_KEY_ID": _LOCAL_KEY,
        "AWS_SECRET_ACCESS_KEY": _LOCAL_KEY,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": ",".join(filter(None, [os.environ.get("NO_PROXY"), "127.0.0.1"])),
    }


def _read_local_outputs() -> dict[str, str]:
    file = _local_folder() / "outputs.json"
    try:
        outputs: dict[str, str] = json.loads(file.read_text())
    except FileNotFoundError:
        raise CommandError(
            "No local cloud is running: start one with `make local` and wait until it says that it is ready."
        ) from None
    return outputs


def _local_folder() -> Path:
    """Return CLIENTELA_LOCAL_DIR, or `.local` in the current checkout or in this command's."""
    if chosen := os.environ.get("CLIENTELA_LOCAL_DIR"):
        return Path(chosen)
    candidates = [Path.cwd(), *Path.cwd().parents]
    running = (folder for folder in candidates if (folder / ".local" / "outputs.json").exists())
    return next(running, Path(__file__).parents[2]) / ".local"


def _stack_outputs(stack: str) -> dict[str, str]:
    client = boto3.client("cloudformation", config=CONFIG)
    try:
        (description,) = client.describe_stacks(StackName=stack)["Stacks"]
    except EndpointConnectionError as error:
        if stack == LOCAL_STACK:
            raise CommandError("The local cloud does not answer: start it again with `make local`.") from error
        raise
    except ClientError as error:
        if "does not exist" in str(error):
            region = client.meta.region_name
            raise CommandError(
                f"Stack {stack} not found in {region}: name yours with --stack, or use --local."
            ) from error
        raise
    return {output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])}
