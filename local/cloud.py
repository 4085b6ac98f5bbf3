"""The local cloud as one context manager: started, deployed, answering; afterwards only its logs are left."""

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

_ANSWER_SECONDS = 30


class Cloud(NamedTuple):
    """A running local cloud."""

    outputs: Outputs
    process: "subprocess.Popen[bytes]"
    state: Path

    def check(self) -> None:
        """Raise MinistackError, with the end of its log, when it no longer runs."""
        check_alive(self.process, self.state / "ministack.log")


@contextmanager
def local_cloud(state: Path | None = None, say: Callable[[str], None] = lambda _line: None) -> Iterator[Cloud]:
    """Start a local cloud, deploy template.yaml to it and wait until its API answers; stop it afterwards.

    `state` is its folder (see paths.state_dir), `say` is told each step. Raises AlreadyRunningError, MinistackError or
    DeploymentError.
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
        say("Deploying template.yaml ...")
        cloud = Cloud(_deploy(folder, endpoint, mailbox_url), process, folder)
        stack.callback(outputs.remove, folder)
        outputs.write(folder, cloud.outputs)
        yield cloud


def _deploy(state: Path, endpoint: str, mailbox_url: str) -> Outputs:
    sam.deploy(state, endpoint)
    routes.create(sam.STACK, endpoint)
    # SES refuses senders that nobody has proven to own; here nobody needs to.
    aws.client("sesv2", endpoint).create_email_identity(EmailIdentity=sam.SENDER)
    found = _outputs(endpoint, mailbox_url)
    _await_answer(f"{found.api_url}/v1/openapi.json", endpoint)
    return found


def _outputs(endpoint: str, mailbox_url: str) -> Outputs:
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
        endpoint_url=endpoint,
        region=REGION,
    )


def _await_answer(url: str, endpoint: str) -> None:
    deadline = time.monotonic() + _ANSWER_SECONDS
    while (problem := _problem(url)) is not None:
        if time.monotonic() > deadline:
            raise sam.DeploymentError(f"The API does not answer: {problem}\n{function_logs.recent(endpoint)}")
        time.sleep(0.5)


def _problem(url: str) -> str | None:
    try:
        with urllib.request.urlopen(url, timeout=_ANSWER_SECONDS):  # noqa: S310
            return None
    except urllib.error.HTTPError as error:
        # A refusal is an answer, too: the function ran.
        return None if error.code < 500 else f"{error.code} {error.read().decode(errors='replace')}"
    except OSError as error:
        return str(error)
