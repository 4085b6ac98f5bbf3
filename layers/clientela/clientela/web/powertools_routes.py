"""Routes of Powertools' resolver: the only module that reads its private attributes.

An upgrade may rename them. tests/unit/web/test_powertools_routes.py fails then: adapt this module.
"""

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.api_gateway import Route


def matched(app: APIGatewayHttpResolver) -> Route:
    """Return the route of the current request."""
    route: Route = app.context["_route"]
    return route


def registered(app: APIGatewayHttpResolver) -> list[Route]:
    """Return all routes of an API in the order of their registration."""
    routes: list[Route] = app._static_routes + app._dynamic_routes
    return routes
