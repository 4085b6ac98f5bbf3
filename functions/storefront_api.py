"""Storefront API: sign-in and the shopper's own account, over HTTPS."""

from typing import Any

from clientela.handlers import cold_start, metrics
from clientela.web import http_app
from storefront_routes import (
    access,
    account,
    checkout,
    devices,
    email_change,
    password,
    sign_in,
    sign_in_metrics,
    sign_in_page,
)

cold_start.prepare()

app = http_app.resolver(access.require_session)
for part in (sign_in, sign_in_page, account, checkout, devices, password, email_change):
    app.include_router(part.router)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Return the response to one HTTP API event."""
    response = http_app.respond(app, event, context)
    metrics.count(context, sign_in_metrics.count(event, response["statusCode"]))
    return response
