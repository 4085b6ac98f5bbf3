"""moto without sockets: requests to its server in this process are answered by a function call.

A read costs 2 ms of CPU instead of 4.5, a client is created once instead of in each test. The server
still runs, over the same state, for real HTTP: presigned URLs and the command line's first look.
"""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from threading import RLock
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import botocore.session
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from moto import backends
from moto.core.base_backend import BackendDict
from moto.core.botocore_stubber import MockRawResponse
from moto.core.model_instances import reset_model_data
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import StreamRecord
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from tests.support.deployment import RESOURCES, create_resources
from tests.support.partiql import answered_by_puts
from werkzeug.test import run_wsgi_app

from clientela.aws.http_connections import Connections, Reply

_MODULES = {"ses": ("ses", "sesv2"), "dynamodb": ("dynamodb", "dynamodbstreams")}  # moto's, by AWS's service
_IMMUTABLE = ("S", "N", "B", "BOOL", "NULL")
_SERVICE = re.compile(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/")
_READ = re.compile(r"\.(Get|Describe|List)")  # as in the header X-Amz-Target


class Answer(NamedTuple):
    """An HTTP response."""

    status: int
    headers: dict[str, str]
    body: bytes


class InProcessMoto:
    """moto's web application, called without its server."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.changed: set[str] = set()  # services that have had a write
        self._variables: dict[str, str] = {}
        self._lock = RLock()
        self._application = DomainDispatcherApplication(create_backend_app)

    def empty_deployment(self) -> dict[str, str]:
        """Create a deployment's resources anew, without a table; return the functions' variables.

        A service is left alone if nothing wrote to it since the last call.
        """
        if not self._variables or self.changed - RESOURCES.keys() - {"dynamodb"}:
            BackendDict.reset()
            self._variables = create_resources()
        else:
            for service in ("dynamodb", *(self.changed & RESOURCES.keys())):
                for module in _MODULES.get(service, (service,)):
                    for account in backends.get_backend(module).values():
                        account.reset()
                self._variables |= RESOURCES.get(service, dict)()
        reset_model_data()
        self.changed.clear()
        return self._variables

    def send(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Answer:
        """Answer a request as the server would."""
        parts = urlsplit(url)
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": unquote(parts.path, "latin-1"),
            "QUERY_STRING": parts.query,
            "RAW_URI": url.removeprefix(self.endpoint),
            "REQUEST_URI": url.removeprefix(self.endpoint),
            "SERVER_NAME": parts.hostname,
            "SERVER_PORT": str(parts.port),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.url_scheme": parts.scheme,
            "wsgi.input": BytesIO(body),
            "wsgi.multithread": True,
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_HOST": parts.netloc,
        }
        for name, value in headers.items():
            key = name.upper().replace("-", "_")
            if key not in ("CONTENT_LENGTH", "TRANSFER_ENCODING"):  # the body is whole
                environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        if method not in ("GET", "HEAD") and not _READ.search(
            headers.get("x-amz-target", headers.get("X-Amz-Target", ""))
        ):
            self.changed.add(_service(headers))
        with self._lock:  # moto copies tables without locks: threads would change them meanwhile
            chunks, status, response_headers = run_wsgi_app(self._application, environ)
        return Answer(int(status.split(maxsplit=1)[0]), dict(response_headers), b"".join(chunks))

    def answer_botocore(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        """Answer a request of botocore (its event `before-send`); None for other endpoints."""
        if not request.url.startswith(self.endpoint):
            return None
        body: Any = request.body or b""
        body = body.encode() if isinstance(body, str) else body if isinstance(body, bytes | bytearray) else body.read()
        headers = {
            name: value.decode() if isinstance(value, bytes) else value for name, value in request.headers.items()
        }
        answer = self.send(request.method, request.url, headers, bytes(body))
        return AWSResponse(request.url, answer.status, answer.headers, MockRawResponse(answer.body))


@contextmanager
def moto_in_process(endpoint: str) -> Iterator[InProcessMoto]:
    """Answer in this process all requests to `endpoint`, by botocore and by the lean client."""
    moto = InProcessMoto(endpoint)
    with pytest.MonkeyPatch.context() as patch:
        _speed_up(patch)
        _answer_lean_client(moto, patch)
        _share_clients(moto, patch)
        yield moto


def _service(headers: dict[str, str]) -> str:
    """Return the name of the service that a request is signed for; `unknown` if it is not signed."""
    match = _SERVICE.search(headers.get("authorization", headers.get("Authorization", "")))
    return match[1] if match else "unknown"


def _speed_up(patch: pytest.MonkeyPatch) -> None:
    """Replace what moto repeats on each request by equal and cheaper code.

    A transaction copies its table once for each write: text, numbers and records of the stream are
    never changed in place, so the copy may share them.
    """
    modules = tuple(backends.list_of_moto_modules())
    patch.setattr(backends, "list_of_moto_modules", lambda: modules)
    copy_value = DynamoType.__deepcopy__
    patch.setattr(StreamRecord, "__deepcopy__", lambda self, _memo: self, raising=False)
    patch.setattr(
        DynamoType,
        "__deepcopy__",
        lambda self, memo: self if self.type in _IMMUTABLE else copy_value(self, memo),
    )


def _answer_lean_client(moto: InProcessMoto, patch: pytest.MonkeyPatch) -> None:
    over_http = Connections.post

    def post(self: Connections, body: bytes, headers: dict[str, str]) -> Reply:
        if self.url != moto.endpoint:
            return over_http(self, body, headers)
        if headers["x-amz-target"].endswith(".BatchExecuteStatement"):
            return _by_puts(moto, f"{self.url}/", headers, body)
        answer = moto.send("POST", f"{self.url}/", headers, body)
        return Reply(answer.status, answer.body)

    patch.setattr(Connections, "post", post)


def _by_puts(moto: InProcessMoto, url: str, headers: dict[str, str], body: bytes) -> Reply:
    headers = {**headers, "x-amz-target": headers["x-amz-target"].replace("BatchExecuteStatement", "PutItem")}

    def put(arguments: dict[str, Any]) -> bool:
        answer = moto.send("POST", url, headers, json.dumps(arguments).encode())
        assert answer.status == 200 or b"ConditionalCheckFailed" in answer.body, answer.body
        return answer.status == 200

    return Reply(200, json.dumps(answered_by_puts(json.loads(body), put)).encode())


def _share_clients(moto: InProcessMoto, patch: pytest.MonkeyPatch) -> None:
    """Create each of botocore's clients once for the same arguments and the same environment."""
    create = botocore.session.Session.create_client
    clients: dict[Any, Any] = {}

    def create_client(self: botocore.session.Session, service: str, *arguments: Any, **options: Any) -> Any:
        config = options.pop("config", None)
        environment = sorted(item for item in os.environ.items() if item[0].startswith("AWS_"))
        settings = repr(config and sorted(config._user_provided_options.items(), key=str))
        key = repr((self.profile, service, arguments, sorted(options.items()), settings, environment))
        if key not in clients:
            clients[key] = create(self, service, *arguments, config=config, **options)
            clients[key].meta.events.register("before-send", moto.answer_botocore)
        return clients[key]

    patch.setattr(botocore.session.Session, "create_client", create_client)
