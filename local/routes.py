"""Creates the HTTP API's routes from the deployed template, because MiniStack does not."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from local import aws

_FUNCTION = re.compile(r"/functions/\$\{(\w+)(?:\.Arn)?\}/invocations$")


class Route(NamedTuple):
    """A route: its key in API Gateway, and the logical id of its function."""

    key: str  # "ANY /v1/stores/{store_id}/{proxy+}"
    function: str


def from_openapi(body: dict[str, Any]) -> Iterator[Route]:
    """Yield the routes of the OpenAPI document that SAM writes into a deployed HTTP API.

    Raises:
        ValueError: an operation has no function.
    """
    for path, operations in body["paths"].items():
        for name, operation in operations.items():
            if name == "parameters" or name.startswith("x-amazon-apigateway-cors"):
                continue
            method = "ANY" if name == "x-amazon-apigateway-any-method" else name.upper()
            key = "$default" if path == "/$default" else f"{method} {path}"
            yield Route(key, _function(operation, key))


def _function(operation: dict[str, Any], key: str) -> str:
    uri = operation.get("x-amazon-apigateway-integration", {}).get("uri", {})
    match = _FUNCTION.search(uri.get("Fn::Sub", "") if isinstance(uri, dict) else uri)
    if match is None:
        raise ValueError(f"{key} has no function")
    return match[1]


def create(stack: str, endpoint: str) -> None:
    """Create the routes of the stack's HTTP API."""
    cloudformation = aws.client("cloudformation", endpoint)
    described = cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
    physical = {item["LogicalResourceId"]: item["PhysicalResourceId"] for item in described}
    processed = cloudformation.get_template(StackName=stack, TemplateStage="Processed")["TemplateBody"]
    resources = (json.loads(processed) if isinstance(processed, str) else processed)["Resources"]
    (name,) = [name for name, resource in resources.items() if resource["Type"] == "AWS::ApiGatewayV2::Api"]
    _create(physical[name], list(from_openapi(resources[name]["Properties"]["Body"])), physical, endpoint)


def _create(api: str, routes: list[Route], physical: dict[str, str], endpoint: str) -> None:
    gateway, functions = aws.client("apigatewayv2", endpoint), aws.client("lambda", endpoint)
    targets = {}
    for function in {route.function for route in routes}:
        arn = functions.get_function_configuration(FunctionName=physical[function])["FunctionArn"]
        integration = gateway.create_integration(
            ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0"
        )
        targets[function] = f"integrations/{integration['IntegrationId']}"
    for route in routes:
        gateway.create_route(ApiId=api, RouteKey=route.key, Target=targets[route.function])
