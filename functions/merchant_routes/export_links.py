"""/exports/{id}/file with a token: the links in mails, for people without an API key."""

from collections.abc import Mapping
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from clientela import clock
from clientela.exports import export_links
from clientela.web import http_app, responses
from merchant_routes.exports import BASE, ExportId

Token = Annotated[
    str | None,
    Query(
        max_length=export_links.MAX_TOKEN_LENGTH,
        description="The token of a link in a mail. It takes the place of the API key.",
        examples=["WyJkZW1vIl0.x1Y2"],
    ),
]

app = http_app.resolver()


def is_link(event: Mapping[str, Any]) -> bool:
    """Return whether a request opens the link of a mail."""
    method, path = event["requestContext"]["http"]["method"], str(event["rawPath"])
    has_token = "token" in (event.get("queryStringParameters") or {})
    return has_token and method in ("GET", "HEAD", "OPTIONS") and "/exports/" in path and path.endswith("/file")


@app.get(f"{BASE}/<export_id>/file")
def open_link(export_id: ExportId, token: Token = None) -> Response[Any]:
    """Download the file of a scheduled export by the link of a mail."""
    return responses.redirect(export_links.open_link(app.context["store"], export_id, token or "", clock.now()))
