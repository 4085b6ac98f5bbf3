"""/account/email-change: change one's own e-mail, and revert the change from the old address."""

from typing import Annotated, Any, Self

from aws_lambda_powertools.event_handler.api_gateway import Response, Router
from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import model_validator

from clientela import clock
from clientela.email_changes import email_changes
from clientela.errors import EmailTakenError, KeyMissingError
from clientela.lifecycle import email_recovery
from clientela.schema.documents import Model
from clientela.schema.email_addresses import Email
from clientela.schema.fields import Timestamp
from clientela.schema.languages import PreferredLanguage
from clientela.sign_in.sign_in_errors import (
    CodeLockedError,
    CodeWrongError,
    EmailUnprovenError,
    FreshSignInNeededError,
    LinkExpiredError,
    LinkUnknownError,
    LinkUsedError,
)
from clientela.storefront import own_account
from clientela.storefront.own_account import Account
from clientela.web import openapi_responses, responses
from clientela.web.shoppers import ShopperAddress
from storefront_routes import access
from storefront_routes.sign_in import Code, Secret

router = Router()

BASE = "/v1/stores/<store_id>/account/email-change"
REFUSALS = (LinkUnknownError, LinkUsedError, LinkExpiredError, EmailTakenError)


class NewEmail(Model):
    """The new e-mail address."""

    email: Email
    """The new address. A mail to it has the link and the code that confirm the change. Example:
    ana.perez@example.org"""
    language: PreferredLanguage = None
    """The language of the mail; by default the customer's."""


class EmailChangeRequest(Model):
    """A requested change, for the page to keep. `resend_after` is in seconds."""

    request_id: str
    """The id of the request, for confirming it with the code. Example:
    ecr_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"""
    expires_at: Timestamp
    """When link and code expire."""
    resend_after: int
    """The seconds to wait before the next request. Example: 60"""


class EmailProof(Model):
    """The token after `#email_change=` in the link, or the request with the code in its mail.

    Example: {"token": "01KAJ3Q4S9V7W0X2Y5Z8B1C4D6.kq2vN0"}
    """

    token: Secret | None = None
    """The token in the link of the mail. Example: 01KAJ3Q4S9V7W0X2Y5Z8B1C4D6.kq2vN0"""
    request_id: Secret | None = None
    """The id of the request, together with `code`. Example: ecr_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6"""
    code: Code | None = None
    """The six digits in the mail, together with `request_id`."""

    @model_validator(mode="after")
    def _one_proof(self) -> Self:
        given = {name for name in ("token", "request_id", "code") if getattr(self, name) is not None}
        if given not in ({"token"}, {"request_id", "code"}):
            raise ValueError("Send token, or request_id and code.")
        return self


class RevertToken(Model):
    """The token after `#email_revert=` in the link of the notice to the old address."""

    token: Secret
    """The token in the link of the notice. Example: 01KAJ3Q4S9V7W0X2Y5Z8B1C4D6.kq2vN0"""


@router.post(
    BASE,
    operation_id="requestEmailChange",
    **access.PRIVATE,
    responses=openapi_responses.responses(
        {202: EmailChangeRequest}, [EmailUnprovenError, FreshSignInNeededError, KeyMissingError]
    ),
)
def request_email_change(new: Annotated[NewEmail, Body()], shopper_address: ShopperAddress = None) -> Response[Any]:
    """Request a mail to a new address, within ten minutes of a sign-in by link or code.

    The response does not reveal whether the address has an account.
    """
    store, customer, now = router.context["store"], access.proven_caller(router).customer, clock.now()
    access.require_fresh(router, now)
    visitor = access.visitor(router, shopper_address, now)
    request = email_changes.request(store, customer, new.email, new.language, visitor, now)
    return responses.json(EmailChangeRequest(**vars(request)), 202)


@router.post(
    f"{BASE}/confirm",
    operation_id="confirmEmailChange",
    **access.PRIVATE,
    responses=openapi_responses.responses(
        {200: Account}, [*REFUSALS, CodeWrongError, CodeLockedError, EmailUnprovenError, KeyMissingError], ["ETag"]
    ),
)
def confirm_email_change(proof: Annotated[EmailProof, Body()], shopper_address: ShopperAddress = None) -> Response[Any]:
    """Confirm the new address. All other devices are signed out.

    Requires a session, because a mail scanner may open the link.
    """
    store, (session, customer), now = router.context["store"], access.proven_caller(router), clock.now()
    after = email_changes.confirm(
        store,
        customer,
        session,
        access.visitor(router, shopper_address, now),
        now,
        token=proof.token,
        request_id=proof.request_id,
        code=proof.code,
    )
    return responses.json(own_account.own_view(after, session.email_proven), headers=responses.etag(after.version))


@router.post(
    f"{BASE}/revert",
    operation_id="revertEmailChange",
    tags=["account"],
    responses=openapi_responses.responses({204: None}, [*REFUSALS, KeyMissingError]),
)
def revert_email_change(proof: Annotated[RevertToken, Body()], shopper_address: ShopperAddress = None) -> Response[Any]:
    """Restore the account's old address within seven days. All devices are signed out.

    Requires no session. The page must ask first: if it called this on loading, any mail scanner
    would revert the change.
    """
    out_of_time, now = clock.deadline(access.REMOVAL_SECONDS), clock.now()
    visitor = access.visitor(router, shopper_address, now)
    email_recovery.revert(router.context["store"], proof.token, visitor, now, out_of_time)
    return responses.no_content()
