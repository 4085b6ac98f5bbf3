"""/api-keys: create, list, change, rotate and revoke the store's keys."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Response, Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Path
from pydantic import SkipValidation

from clientela import clock
from clientela.errors import KeyNotFoundError
from clientela.schema.fields import MAX_ID_LENGTH
from clientela.stores import api_keys, key_changes
from clientela.stores.api_keys import IssuedKey, Key, KeyChanges, NewKey
from clientela.web import responses
from clientela.web.responses import Listing
from merchant_routes.access import route

router = Router()

BASE = "/v1/stores/<store_id>/api-keys"
ONE = f"{BASE}/<key_id>"
KeyId = Annotated[
    str,
    Path(max_length=MAX_ID_LENGTH, description="The id of the API key.", examples=["key_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"]),
]


@router.get(BASE, **route("listApiKeys", "keys:read", Listing[Key]))
def list_api_keys() -> Response[Any]:
    """List all keys, oldest first, without their secrets, in one page."""
    all_keys = api_keys.list_all(router.context["store"].id)
    return responses.listing(router.current_event, all_keys, None, max(len(all_keys), 1))


@router.post(BASE, **route("createApiKey", "keys:write", IssuedKey, 201, headers=["Location"]))
def create_api_key(new: Annotated[NewKey, Body()]) -> Response[Any]:
    """Create a key with scopes of the calling key. Only this response has the secret."""
    store_id = router.context["store"].id
    issued = api_keys.create(store_id, new, clock.now(), router.context["caller"])
    return responses.json(issued, 201, {"Location": f"/v1/stores/{store_id}/api-keys/{issued.id}"})


@router.get(ONE, **route("getApiKey", "keys:read", Key, raises=[KeyNotFoundError]))
def get_api_key(key_id: KeyId) -> Response[Any]:
    """Get one key, without its secret."""
    return responses.json(api_keys.get_record(router.context["store"].id, key_id).to_key())


@router.patch(ONE, **route("changeApiKey", "keys:write", Key, raises=[KeyNotFoundError]))
def change_api_key(key_id: KeyId, changes: Annotated[SkipValidation[KeyChanges], Body()]) -> Response[Any]:
    """Change a key's name, scopes or expiry by JSON Merge Patch (RFC 7396).

    The calling key must have all scopes of the changed key.
    """
    store_id = router.context["store"].id
    return responses.json(key_changes.patch(store_id, key_id, changes, clock.now(), router.context["caller"]))


@router.post(f"{ONE}/rotate", **route("rotateApiKey", "keys:write", IssuedKey, raises=[KeyNotFoundError]))
def rotate_api_key(key_id: KeyId) -> Response[Any]:
    """Rotate a key's secret. Only this response has the new one; earlier ones are valid for a day.

    The calling key must have all scopes of the key. It can be rotated five times a day.
    """
    store_id = router.context["store"].id
    return responses.json(key_changes.rotate(store_id, key_id, clock.now(), router.context["caller"]))


@router.delete(ONE, **route("revokeApiKey", "keys:write", status=204, raises=[KeyNotFoundError]))
def revoke_api_key(key_id: KeyId) -> Response[Any]:
    """Revoke a key. It is refused everywhere within 30 seconds.

    The calling key must have all scopes of the key.
    """
    key_changes.revoke(router.context["store"].id, key_id, clock.now(), router.context["caller"])
    return responses.no_content()
