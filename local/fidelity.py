"""Where MiniStack behaves unlike AWS in a way this project would notice, it is put right here.

Each function replaces one of MiniStack's own; its version is pinned, and a name that goes missing fails the start.
"""

import json
from typing import Any

import yaml
from ministack import app  # type: ignore[import-untyped]
from ministack.services import apigateway  # type: ignore[import-untyped]
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]


def apply() -> None:
    """Put everything right; once, before MiniStack serves."""
    _count_as_tls()
    _hand_options_to_functions()
    _read_state_machines_in_yaml()
    _refer_to_secrets_by_arn()


def _count_as_tls() -> None:
    """Policies see `aws:SecureTransport` true, as behind AWS's TLS endpoints.

    The local endpoint is plain HTTP on the loopback interface, where "deny all that is not TLS" would deny everything.
    """
    pin = app.pin_request_origin
    app.pin_request_origin = lambda source, _secure: pin(source, True)


def _hand_options_to_functions() -> None:
    """An OPTIONS request reaches an ANY route, as on AWS when the API has no CORS settings of its own.

    MiniStack answers it by itself, with 403. It compares with "OPTIONS", so another spelling passes; the function gets
    the real one.
    """
    execute, invoke = apigateway._handle_execute_in_scope, apigateway._invoke_lambda_proxy

    async def execute_any(api: str, stage: str, path: str, method: str, *rest: Any) -> Any:
        return await execute(api, stage, path, method.lower() if method == "OPTIONS" else method, *rest)

    async def invoke_as_sent(
        integration: Any, api: str, stage: str, path: str, method: str, *rest: Any, **also: Any
    ) -> Any:
        return await invoke(integration, api, stage, path, method.upper(), *rest, **also)

    apigateway._handle_execute_in_scope = execute_any
    apigateway._invoke_lambda_proxy = invoke_as_sent


def _read_state_machines_in_yaml() -> None:
    """A definition file may be YAML, as for CloudFormation. MiniStack's Step Functions parse JSON only."""
    definition = provisioners._sfn_definition
    provisioners._sfn_definition = lambda properties: json.dumps(yaml.safe_load(definition(properties)))


def _refer_to_secrets_by_arn() -> None:
    """`!Ref` of a secret is its ARN. MiniStack gives the name, which no policy statement on it would match."""
    handler = provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]
    create = handler["create"]

    def create_with_arn(*arguments: Any) -> tuple[str, dict[str, str]]:
        _name, attributes = create(*arguments)
        return attributes["Arn"], attributes

    handler["create"] = create_with_arn
