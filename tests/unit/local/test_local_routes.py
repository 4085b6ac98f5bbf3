"""Routes from the OpenAPI document of a deployed HTTP API."""

from typing import Any

import pytest
from local.routes import Route, from_openapi


def operation(uri: Any) -> dict[str, Any]:
    return {"x-amazon-apigateway-integration": {"type": "aws_proxy", "uri": uri, "payloadFormatVersion": "2.0"}}


def invocation(function: str) -> dict[str, str]:
    arn = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions"
    return {"Fn::Sub": f"{arn}/${{{function}}}/invocations"}


def test_every_method_of_every_path_is_a_route() -> None:
    body = {
        "paths": {
            "/v1/stores/{store_id}/{proxy+}": {
                "x-amazon-apigateway-any-method": operation(invocation("Customers.Arn"))
            },
            "/v1/account": {"get": operation(invocation("Storefront.Arn")), "parameters": []},
        }
    }
    assert list(from_openapi(body)) == [
        Route("ANY /v1/stores/{store_id}/{proxy+}", "Customers"),
        Route("GET /v1/account", "Storefront"),
    ]


def test_an_alias_answers_as_its_own_resource() -> None:
    body = {"paths": {"/": {"post": operation(invocation("CustomersAliaslive"))}}}
    assert list(from_openapi(body)) == [Route("POST /", "CustomersAliaslive")]


@pytest.mark.parametrize("answer", [{}, operation("https://elsewhere.example"), operation({"Ref": "Uri"})])
def test_an_operation_without_a_function_is_an_error_that_names_it(answer: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="GET /v1/account"):
        list(from_openapi({"paths": {"/v1/account": {"get": answer}}}))
