"""/settings: get and change the settings of the store's customer accounts."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Response, Router
from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import SkipValidation

from clientela import clock
from clientela.customers import store_settings
from clientela.errors import VersionConflictError
from clientela.stores import stores
from clientela.stores.stores import SettingsChanges, Store
from clientela.web import http_requests, responses
from clientela.web.http_requests import IfMatch
from merchant_routes import access
from merchant_routes.access import route

router = Router()

BASE = "/v1/stores/<store_id>/settings"


@router.get(BASE, **route("getSettings", "settings:read", Store, headers=["ETag"]))
def get_settings() -> Response[Any]:
    """Get the store's settings."""
    store = stores.read(router.context["store"].id)
    return responses.json(store, headers=responses.etag(store.version))


@router.patch(BASE, **route("changeSettings", "settings:write", Store, raises=[VersionConflictError], headers=["ETag"]))
def change_settings(
    changes: Annotated[SkipValidation[SettingsChanges], Body()],
    if_match: IfMatch = None,
) -> Response[Any]:
    """Change settings by JSON Merge Patch (RFC 7396), effective everywhere within 30 seconds."""
    version = http_requests.expected_version(if_match)
    store_id, actor = router.context["store"].id, access.actor(router)
    store = store_settings.change_settings(store_id, changes, clock.now(), version, actor)
    return responses.json(store, headers=responses.etag(store.version))
