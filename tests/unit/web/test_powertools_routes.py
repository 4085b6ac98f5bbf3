"""The private attributes of Powertools that `web/powertools_routes` reads.

If a test fails after an upgrade of aws-lambda-powertools (last passed with 3.37.0), adapt that module.
"""

from typing import Any

import pytest
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from tests.support.http_events import answered, http_event

from clientela.web import powertools_routes

BASE = "/v1/stores/<store_id>"


@pytest.fixture
def app() -> APIGatewayHttpResolver:
    app = APIGatewayHttpResolver(enable_validation=True)

    @app.get("/health")
    def health() -> dict[str, Any]:
        return {}

    @app.get(f"{BASE}/carts/<cart_id>", security=[{"api_key": ["carts:read"]}])
    def get_cart(cart_id: str, size: int = 1) -> dict[str, Any]:
        route = powertools_routes.matched(app)
        parameters = [each.alias for each in route.dependant.query_params]
        return {"path": route.path, "security": route.security, "parameters": parameters}

    return app


@pytest.mark.parametrize(
    "cart_id", ["#1001", 'a"b', "a\\b", "№5", "a\u00a0b", "1`2", "a\nb", "日本", "10 01", "x" * 300]
)
def test_a_path_parameter_may_have_any_character_but_a_slash(cart_id: str) -> None:
    app = powertools_routes.HttpResolver(enable_validation=True)

    @app.get(f"{BASE}/carts/<cart_id>")
    def get_cart(cart_id: str) -> dict[str, str]:
        return {"id": cart_id}

    answer = app.resolve(http_event("GET", f"demo/carts/{cart_id}"), None)
    assert (answer["statusCode"], answered(answer)) == (200, {"id": cart_id})
    assert app.resolve(http_event("GET", "demo/carts/a/b"), None)["statusCode"] == 404
    assert app.resolve(http_event("GET", "demo/carts/"), None)["statusCode"] == 404


@pytest.mark.parametrize("order_id", ["2026/17", "a/b/c", "a?b=1", "50%", "a%2Fb", "a%25b", "/", "1\n2"])
def test_an_order_id_may_have_slashes_too(order_id: str) -> None:
    app = powertools_routes.HttpResolver(enable_validation=True)

    @app.get(f"{BASE}/orders/<order_id>")
    def get_order(order_id: str) -> dict[str, str]:
        return {"id": order_id}

    encoded = order_id.replace("%", "%25")  # the only escape that API Gateway does not decode
    answer = app.resolve(http_event("GET", f"demo/orders/{encoded}"), None)
    assert (answer["statusCode"], answered(answer)) == (200, {"id": order_id})


def test_the_matched_route_has_its_security_and_parameters(app: APIGatewayHttpResolver) -> None:
    response = app.resolve(http_event("GET", "demo/carts/c1"), None)
    assert response["body"] == (
        '{"path":"/v1/stores/<store_id>/carts/<cart_id>","security":[{"api_key":["carts:read"]}],"parameters":["size"]}'
    )


def test_all_routes_are_registered_with_their_method_and_rule(app: APIGatewayHttpResolver) -> None:
    static, dynamic = powertools_routes.registered(app)
    assert [static.path, dynamic.path] == ["/health", f"{BASE}/carts/<cart_id>"]
    assert [static.method, dynamic.method] == ["GET", "GET"]
    assert dynamic.rule.match("/v1/stores/demo/carts/c1")
    assert not dynamic.rule.match("/v1/stores/demo/carts")
