"""Routes of Powertools' resolver: the only module that reads its private attributes.

An upgrade may rename them. tests/unit/web/test_powertools_routes.py fails then: adapt this module.
"""

import re

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.api_gateway import Route

_PARAMETER = re.compile(r"<(\w+)>")
_WITH_SLASHES = {"order_id"}


class HttpResolver(APIGatewayHttpResolver):
    """The resolver, with path parameters of any characters.

    Powertools takes letters, digits and some signs only. API Gateway decodes the path, so an order
    `#1001` arrives as `/orders/#1001`, and `2026/17` as `/orders/2026/17`. Only the order system's
    ids may have a slash; they end a path. One escape stays as it is: `50%` arrives as `50%25`.
    """

    @staticmethod
    def _compile_regex(rule: str, base_regex: str = "^{}$") -> re.Pattern[str]:
        return re.compile(base_regex.format(_PARAMETER.sub(_pattern, rule)), re.DOTALL)

    def _remove_prefix(self, path: str) -> str:
        return super()._remove_prefix(path.replace("%25", "%"))


def _pattern(parameter: re.Match[str]) -> str:
    name = parameter[1]
    return f"(?P<{name}>{'.+' if name in _WITH_SLASHES else '[^/]+'})"


def matched(app: APIGatewayHttpResolver) -> Route:
    """Return the route of the current request."""
    route: Route = app.context["_route"]
    return route


def registered(app: APIGatewayHttpResolver) -> list[Route]:
    """Return all routes of an API in the order of their registration."""
    routes: list[Route] = app._static_routes + app._dynamic_routes
    return routes
