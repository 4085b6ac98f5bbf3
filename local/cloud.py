"""The local cloud as one context manager. Only its logs remain afterwards."""

import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from local import aws, function_logs, lock, outputs, routes, sam
from local.environment import REGION, api_url
from local.mailbox_server import mailbox_server
from local.ministack import check_alive, ministack
from local.outputs import Outputs
from local.paths import state_dir
from local.storefront_server import storefront_server

_READY_SECONDS = 30


class Cloud(NamedTuple):
    """A running local cloud."""

    outputs: Outputs
    process: "subprocess.Popen[bytes]"
    state: Path

    def check(self) -> None:
        """Raise MinistackError, with the end of the log, if the cloud has stopped."""
        check_alive(self.process, self.state / "ministack.log")


@contextmanager
def local_cloud(state: Path | None = None, say: Callable[[str], None] = lambda _line: None) -> Iterator[Cloud]:
    """Start a local cloud with a deployed template.yaml and a ready API, and stop it afterwards.

    `state` is the cloud's folder (see paths.state_dir). `say` receives a line before each step.

    Raises:
        AlreadyRunningError: another cloud runs in this folder.
        MinistackError: the emulator did not start.
        DeploymentError: `sam` failed, or the API does not answer.
    """
    folder = state_dir(state)
    with ExitStack() as stack:
        stack.enter_context(lock.running(folder))
        outputs.remove(folder)
        say("Building the functions and layers ...")
        sam.build(folder)
        say("Starting the local cloud ...")
        endpoint, process = stack.enter_context(ministack(folder))
        mailbox_url = stack.enter_context(mailbox_server(endpoint))
        storefront_url = stack.enter_context(storefront_server(api_url(endpoint)))
        say("Deploying template.yaml ...")
        cloud = Cloud(_deploy(folder, endpoint, mailbox_url, storefront_url), process, folder)
        stack.callback(outputs.remove, folder)
        outputs.write(folder, cloud.outputs)
        yield cloud


def _deploy(state: Path, endpoint: str, mailbox_url: str, storefront_url: str) -> Outputs:
    sam.deploy(state, endpoint)
    routes.create(sam.STACK, endpoint)
    # SES only accepts verified senders.
    aws.client("sesv2", endpoint).create_email_identity(EmailIdentity=sam.SENDER)
    outputs_ = _read_outputs(endpoint, mailbox_url, storefront_url)
    _wait_until_ready(f"{outputs_.api_url}/v1/openapi.json", endpoint)
    return outputs_


def _read_outputs(endpoint: str, mailbox_url: str, storefront_url: str) -> Outputs:
    (stack,) = aws.client("cloudformation", endpoint).describe_stacks(StackName=sam.STACK)["Stacks"]
    values = {item["OutputKey"]: item["OutputValue"] for item in stack["Outputs"]}
    return Outputs(
        api_url=api_url(endpoint),
        imports_bucket=values["ImportsBucket"],
        exports_bucket=values["ExportsBucket"],
        orders_queue_url=values["OrdersQueueUrl"],
        table=values["Table"],
        event_bus=values["EventBusName"],
        mailbox_url=mailbox_url,
        storefront_url=storefront_url,
        endpoint_url=endpoint,
        region=REGION,
    )


def _wait_until_ready(url: str, endpoint: str) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while (problem := _find_problem(url)) is not None:
        if time.monotonic() > deadline:
            raise sam.DeploymentError(f"The API does not answer: {problem}\n{function_logs.recent(endpoint)}")
        time.sleep(0.5)


def _find_problem(url: str) -> str | None:
    try:
        with urllib.request.urlopen(url, timeout=_READY_SECONDS):  # noqa: S310
            return None
    except urllib.error.HTTPError as error:
        # A client error is an answer, too: the function ran.
        return None if error.code < 500 else f"{error.code} {error.read().decode(errors='replace')}"
    except OSError as error:
        return str(error)
