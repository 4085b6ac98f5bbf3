"""The merchant API: HTTP with a store's API key."""

from typing import Any

from clientela.web import web
from merchant_routes import (
    access,
    api_keys,
    bulk,
    customers,
    erasures,
    exports,
    groups,
    imports,
    merges,
    openapi,
    orders,
    settings,
)

app = web.resolver(access.demand_scope)
app.use([access.once])
merges.lead_on(app)
for part in (bulk, customers, orders, erasures, groups, imports, merges, exports, settings, api_keys):
    app.include_router(part.router)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one HTTP API event."""
    if event["rawPath"] == openapi.PATH:
        return openapi.answer(event)
    return web.respond(app, event, context, access.key_of_store, access.allowance)
