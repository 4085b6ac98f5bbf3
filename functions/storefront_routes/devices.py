"""/account/sessions: list and end the shopper's own sessions, one per device."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Response, Router
from aws_lambda_powertools.event_handler.openapi.params import Path

from clientela import clock
from clientela.errors import NotFoundError
from clientela.schema.documents import Model
from clientela.schema.fields import Line, Timestamp
from clientela.sign_in import sessions
from clientela.sign_in.sessions import Session, SignInMethod
from clientela.web import openapi_responses, responses
from storefront_routes import access

router = Router()

BASE = "/v1/stores/<store_id>/account/sessions"
SessionId = Annotated[
    str, Path(max_length=64, description="The id of the session.", examples=["ses_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"])
]


class SignedInDevice(Model):
    """A device; `current` is true for the calling one."""

    id: str
    """The id of the session. Example: ses_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"""
    device: Line | None
    """Browser and system; null if unknown. Example: Firefox, Windows"""
    signed_in_by: SignInMethod
    """How the shopper signed in on this device."""
    created_at: Timestamp
    """When the shopper signed in on this device."""
    last_seen_at: Timestamp
    """When the device was last used, to within an hour."""
    expires_at: Timestamp
    """When the session ends at the latest."""
    current: bool
    """Whether this is the calling device."""


class DeviceList(Model):
    """All devices of the shopper, newest sign-in first."""

    items: list[SignedInDevice]
    """The devices."""


@router.get(
    BASE, operation_id="listOwnSessions", responses=openapi_responses.responses({200: DeviceList}), **access.PRIVATE
)
def list_sessions() -> Response[Any]:
    """List the devices on which one is signed in, newest sign-in first."""
    caller = router.context["caller"]
    active = sessions.list_active(router.context["store"], caller.customer, clock.now())
    return responses.json(DeviceList(items=[_device(session, caller.session) for session in active]))


@router.delete(
    f"{BASE}/<session_id>",
    operation_id="endOwnSession",
    **access.PRIVATE,
    responses=openapi_responses.responses({204: None}, [NotFoundError]),
)
def end_session(session_id: SessionId) -> Response[Any]:
    """Sign out on one device."""
    sessions.end(router.context["store"], router.context["caller"].customer.id, session_id)
    return responses.no_content()


@router.delete(
    BASE,
    operation_id="endOwnSessions",
    **access.PRIVATE,
    responses=openapi_responses.responses({204: None}, headers=["Set-Cookie"]),
)
def end_sessions() -> Response[Any]:
    """Sign out on all devices, including this one."""
    sessions.end_all(router.context["store"], router.context["caller"].customer.id)
    return responses.no_content(access.drop_cookie(router.context["store"]))


def _device(session: Session, current: Session) -> SignedInDevice:
    fields = session.model_dump(exclude={"customer_id", "email_proven"})
    return SignedInDevice(**fields, current=session.id == current.id)
