"""Merchant API: HTTP with a store's API key."""

from typing import Any

from clientela.handlers import cold_start
from clientela.web import http_app, problems
from merchant_routes import (
    access,
    api_keys,
    audit,
    bulk,
    customers,
    documentation,
    erasures,
    export_links,
    export_schedules,
    exports,
    groups,
    idempotent_posts,
    imports,
    invitations,
    mails,
    merges,
    orders,
    reports,
    settings,
    suppressions,
)

cold_start.prepare()

app = http_app.resolver(access.require_scope)
app.use([idempotent_posts.idempotent])
problems.redirect_merged(app)
for part in (
    bulk,
    customers,
    orders,
    erasures,
    groups,
    imports,
    invitations,
    suppressions,
    merges,
    exports,
    export_schedules,
    reports,
    settings,
    mails,
    api_keys,
    audit,
):
    app.include_router(part.router)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Return the response to one HTTP API event."""
    if documentation.is_documentation(event["rawPath"]):
        return documentation.respond(event)
    if export_links.is_link(event):
        return http_app.respond(export_links.app, event, context)
    return http_app.respond(app, event, context, access.key_of_store, access.count_request)
