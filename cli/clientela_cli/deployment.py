"""Which deployment a command works on: a stack of an AWS account, or the local cloud of a checkout.

The names of its resources are the outputs of its stack. They become the settings of the domain, so that a command calls
the same verbs as the functions do.
"""

import json
import os
from pathlib import Path
from typing import NamedTuple

import boto3
from botocore.exceptions import ClientError, EndpointConnectionError

from clientela.aws.clients import CONFIG
from clientela_cli.failures import Failure

DEFAULT_STACK = "clientela"  # what samconfig.toml deploys without --config-env
LOCAL_STACK = "clientela-local"
_LOCAL_KEY = "test"  # the local cloud's root key pair; it opens nothing else

# The stack's outputs as the variables that clientela.settings reads.
_SETTINGS = {
    "Table": "TABLE_NAME", "ImportsBucket": "IMPORTS_BUCKET", "ExportsBucket": "EXPORTS_BUCKET",
    "MailQueueUrl": "MAIL_QUEUE_URL", "ImportStateMachineArn": "IMPORT_STATE_MACHINE_ARN",
    "CustomerExportFunctionName": "EXPORT_FUNCTION_NAME", "SigningSecretArn": "SIGNING_SECRET_ARN",
}  # fmt: skip
_QUEUES = ("OrdersQueueUrl", "OrdersDeadLetterQueueUrl")  # as Deployment has them


class Deployment(NamedTuple):
    """What commands need of a deployment beside the settings of the domain."""

    stack: str
    orders_queue_url: str
    orders_dead_letter_queue_url: str


def connect(*, local: bool, stack: str) -> Deployment:
    """Point the domain at a deployment. Failure, saying what to do, where there is none or it is something else."""
    if local:
        stack = LOCAL_STACK
        _use(_local_outputs())
    outputs = _stack_outputs(stack)
    if missing := [name for name in (*_SETTINGS, *_QUEUES) if name not in outputs]:
        raise Failure(
            f"The stack {stack} is no deployment of Clientela, or an old one: it lacks the output {missing[0]}."
        )
    os.environ.update({variable: outputs[name] for name, variable in _SETTINGS.items()})
    return Deployment(stack, *(outputs[name] for name in _QUEUES))


def _use(local: dict[str, str]) -> None:
    """Nothing of the shell's own AWS settings must lead a command meant for the local cloud into an account."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {
        "AWS_ENDPOINT_URL": local["endpoint_url"],
        "AWS_DEFAULT_REGION": local["region"],
        "AWS_ACCESS_KEY_ID": _LOCAL_KEY,
        "AWS_SECRET_ACCESS_KEY": _LOCAL_KEY,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": ",".join(filter(None, [os.environ.get("NO_PROXY"), "127.0.0.1"])),
    }


def _local_outputs() -> dict[str, str]:
    file = _local_folder() / "outputs.json"
    try:
        outputs: dict[str, str] = json.loads(file.read_text())
    except FileNotFoundError:
        raise Failure(
            "No local cloud is running: start one with `make local` and wait until it says that it is ready."
        ) from None
    return outputs


def _local_folder() -> Path:
    """CLIENTELA_LOCAL_DIR, else the `.local` of the checkout one is in, else of the one this command belongs to."""
    if chosen := os.environ.get("CLIENTELA_LOCAL_DIR"):
        return Path(chosen)
    here = [Path.cwd(), *Path.cwd().parents]
    found = next(
        (folder for folder in here if (folder / ".local" / "outputs.json").exists()), Path(__file__).parents[2]
    )
    return found / ".local"


def _stack_outputs(stack: str) -> dict[str, str]:
    client = boto3.client("cloudformation", config=CONFIG)
    try:
        (found,) = client.describe_stacks(StackName=stack)["Stacks"]
    except EndpointConnectionError as error:
        if stack == LOCAL_STACK:
            raise Failure("The local cloud does not answer: start it anew with `make local`.") from error
        raise
    except ClientError as error:
        if "does not exist" in str(error):
            raise Failure(
                f"There is no stack {stack} in {client.meta.region_name}: name yours with --stack, or use --local."
            ) from error
        raise
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
