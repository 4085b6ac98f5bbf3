"""The merchant API: HTTP with a store's API key."""

from typing import Any

from clientela import web
from merchant_routes import access, api_keys, bulk, customers, exports, groups, imports, settings

app = web.resolver()
for part in (bulk, customers, groups, imports, exports, settings, api_keys):
    app.include_router(part.router)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one HTTP API event."""
    return web.respond(app, event, context, access.key_of_store)
