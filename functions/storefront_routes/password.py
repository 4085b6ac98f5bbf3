"""/account/password: get the state of, set and remove the shopper's own password."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Response, Router
from aws_lambda_powertools.event_handler.openapi.params import Body

from clientela import clock
from clientela.schema.documents import Model
from clientela.sign_in import passwords
from clientela.sign_in.passwords import Password, PasswordState
from clientela.sign_in.sign_in_errors import FreshSignInNeededError, LoginDisabledError, PasswordSignInDisabledError
from clientela.web import openapi_responses, responses
from storefront_routes import access

router = Router()

BASE = "/v1/stores/<store_id>/account/password"


class NewPassword(Model):
    """The new password: 8 characters or more, and not one of the most common ones."""

    password: Password
    """The new password. Example: a boat on the green hill"""


@router.get(
    BASE, operation_id="getPassword", responses=openapi_responses.responses({200: PasswordState}), **access.PRIVATE
)
def get_password() -> Response[Any]:
    """Get whether one has a password, and whether a change requires a new sign-in by e-mail."""
    session, customer = router.context["caller"]
    return responses.json(passwords.state(router.context["store"], customer, session, clock.now()))


@router.post(
    BASE,
    operation_id="setPassword",
    responses=openapi_responses.responses(
        {204: None}, [FreshSignInNeededError, LoginDisabledError, PasswordSignInDisabledError]
    ),
    **access.PRIVATE,
)
def set_password(new: Annotated[NewPassword, Body()]) -> Response[Any]:
    """Set or change one's own password, within ten minutes of a sign-in by link or code.

    All other devices are signed out, and a mail is sent.
    """
    session, customer = router.context["caller"]
    passwords.change(router.context["store"], customer, session, new.password, clock.now())
    return responses.no_content()


@router.delete(
    BASE,
    operation_id="removePassword",
    responses=openapi_responses.responses({204: None}, [FreshSignInNeededError]),
    **access.PRIVATE,
)
def remove_password() -> Response[Any]:
    """Remove one's own password, within ten minutes of a sign-in by link or code."""
    session, customer = router.context["caller"]
    passwords.remove(router.context["store"], customer, session, clock.now())
    return responses.no_content()
