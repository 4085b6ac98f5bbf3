"""/account/email-change: another e-mail for one's account, proven at the new address; and the way back from the old one."""

from typing import Annotated, Any, Self

from aws_lambda_powertools.event_handler.api_gateway import Response, Router
from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import model_validator

from clientela import clock
from clientela.email_changes import email_changes, email_reverts
from clientela.errors import EmailTakenError
from clientela.schema.documents import Model
from clientela.schema.email_addresses import Email
from clientela.schema.fields import Timestamp
from clientela.schema.languages import Language
from clientela.sign_in.sign_in_errors import (
    CodeLockedError,
    CodeWrongError,
    EmailUnprovenError,
    LinkExpiredError,
    LinkUnknownError,
    LinkUsedError,
)
from clientela.storefront import own_account
from clientela.storefront.own_account import Account
from clientela.web import http_app, openapi_responses
from storefront_routes import access
from storefront_routes.sign_in import Code, Secret

router = Router()

BASE = "/v1/stores/<store_id>/account/email-change"
REFUSALS = (LinkUnknownError, LinkUsedError, LinkExpiredError, EmailTakenError)


class NewEmail(Model):
    """The e-mail to be."""

    email: Email
    language: Language | None = None


class EmailChangeRequest(Model):
    """What the page keeps until the mail has come. `resend_after` is in seconds."""

    request_id: str
    expires_at: Timestamp
    resend_after: int


class EmailProof(Model):
    """The token behind `#email_change=` of the link, or the request with the code of its mail."""

    token: Secret | None = None
    request_id: Secret | None = None
    code: Code | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        given = {name for name in ("token", "request_id", "code") if getattr(self, name) is not None}
        if given not in ({"token"}, {"request_id", "code"}):
            raise ValueError("send token, or request_id and code")
        return self


class RevertToken(Model):
    """The token behind `#email_revert=` of the link in the notice to the old address."""

    token: Secret


@router.post(
    BASE,
    operation_id="requestEmailChange",
    **access.PRIVATE,
    responses=openapi_responses.responses({202: EmailChangeRequest}, [EmailUnprovenError]),
)
def request_email_change(new: Annotated[NewEmail, Body()]) -> Response[Any]:
    """Ask for a mail to a new address. The answer is the same whether or not the address has an account."""
    store, customer = router.context["store"], access.proven_caller(router).customer
    visitor = access.visitor(router.current_event)
    asked = email_changes.request(store, customer, new.email, new.language, visitor, clock.now())
    return http_app.json(EmailChangeRequest(**vars(asked)), 202)


@router.post(
    f"{BASE}/confirm",
    operation_id="confirmEmailChange",
    **access.PRIVATE,
    responses=openapi_responses.responses(
        {200: Account}, [*REFUSALS, CodeWrongError, CodeLockedError, EmailUnprovenError], ["ETag"]
    ),
)
def confirm_email_change(proof: Annotated[EmailProof, Body()]) -> Response[Any]:
    """Prove the new address, in a session: the link may be opened by a mail scanner. All other devices are signed out."""
    store, (session, customer) = router.context["store"], access.proven_caller(router)
    after = email_changes.confirm(
        store, customer, session, clock.now(), token=proof.token, request_id=proof.request_id, code=proof.code
    )
    return http_app.json(own_account.own_view(after, session.email_proven), headers=http_app.etag(after.version))


@router.post(
    f"{BASE}/revert",
    operation_id="revertEmailChange",
    tags=["account"],
    responses=openapi_responses.responses({204: None}, REFUSALS),
)
def revert_email_change(known: Annotated[RevertToken, Body()]) -> Response[Any]:
    """Give the account its old address back, within seven days and without a session; everybody is signed out.

    Ask before you call it: a page that calls it by itself lets every mail scanner undo what was wanted.
    """
    email_reverts.revert(router.context["store"], known.token, access.visitor(router.current_event), clock.now())
    return http_app.no_content()
