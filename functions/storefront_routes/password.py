"""/account/password: the shopper's own password, for those who want one."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Response, Router
from aws_lambda_powertools.event_handler.openapi.params import Body

from clientela import clock
from clientela.schema.documents import Model
from clientela.sign_in import passwords
from clientela.sign_in.passwords import Password, PasswordState
from clientela.sign_in.sign_in_errors import CredentialsWrongError, FreshSignInNeededError, LoginDisabledError
from clientela.web import http_app, openapi_responses
from storefront_routes import access

router = Router()

BASE = "/v1/stores/<store_id>/account/password"


class CurrentPassword(Model):
    """The current password; not needed where the session was opened by a mail within the last ten minutes."""

    current_password: Password | None = None


class NewPassword(CurrentPassword):
    """The password to be: 8 characters or more, and none of the most common ones."""

    password: Password


@router.get(
    BASE, operation_id="getPassword", responses=openapi_responses.responses({200: PasswordState}), **access.PRIVATE
)
def get_password() -> Response[Any]:
    """Whether one has a password, and whether changing it takes the current one."""
    session, customer = router.context["caller"]
    return http_app.json(passwords.state(router.context["store"], customer, session, clock.now()))


@router.post(
    BASE,
    operation_id="setPassword",
    responses=openapi_responses.responses({204: None}, [CredentialsWrongError, LoginDisabledError]),
    **access.PRIVATE,
)
def set_password(new: Annotated[NewPassword, Body()]) -> Response[Any]:
    """Set or change one's password: all other devices are signed out, and a mail tells of it."""
    session, customer = router.context["caller"]
    passwords.change(router.context["store"], customer, session, new.password, new.current_password, clock.now())
    return http_app.no_content()


@router.delete(
    BASE,
    operation_id="removePassword",
    responses=openapi_responses.responses({204: None}, [FreshSignInNeededError]),
    **access.PRIVATE,
)
def remove_password() -> Response[Any]:
    """Remove one's password, within ten minutes of a sign-in by mail, which is the way in from then on."""
    session, customer = router.context["caller"]
    passwords.remove(router.context["store"], customer, session, clock.now())
    return http_app.no_content()
