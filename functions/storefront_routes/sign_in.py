"""/login-links and /sessions: sign in and sign out.

Only a POST uses a link up, so that mail scanners cannot.
"""

from datetime import datetime
from typing import Annotated, Any, Self

from aws_lambda_powertools.event_handler.api_gateway import Response, Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Header
from pydantic import AfterValidator, Field, StrictBool, StringConstraints, model_validator

from clientela import clock
from clientela.errors import KeyMissingError
from clientela.schema.documents import Model
from clientela.schema.email_addresses import Email
from clientela.schema.fields import Timestamp
from clientela.schema.languages import PreferredLanguage
from clientela.sign_in import link_sign_in, mailed_proofs, password_sign_in, sessions
from clientela.sign_in.link_sign_in import SignedIn
from clientela.sign_in.passwords import Password
from clientela.sign_in.sign_in_errors import (
    AccountDisabledError,
    BrowserMismatchError,
    CodeLockedError,
    CodeWrongError,
    CredentialsWrongError,
    LinkExpiredError,
    LinkUnknownError,
    LinkUsedError,
    LoginDisabledError,
    PasswordSignInDisabledError,
)
from clientela.sign_in.visitors import Visitor
from clientela.storefront import own_account
from clientela.storefront.own_account import Account
from clientela.stores.stores import Store
from clientela.web import openapi_responses, responses
from clientela.web.http_errors import OriginNotAllowedError
from clientela.web.shoppers import ShopperAddress
from storefront_routes import access

router = Router()

BASE = "/v1/stores/<store_id>"
REFUSALS = (
    LinkExpiredError, LinkUsedError, LinkUnknownError, CodeWrongError, CodeLockedError, BrowserMismatchError,
    CredentialsWrongError, KeyMissingError,
    AccountDisabledError, LoginDisabledError, PasswordSignInDisabledError, OriginNotAllowedError,
)  # fmt: skip
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=16,
        max_length=200,
        description="A key of the client's choice, hard to guess. A repeated request opens the same session.",
    ),
    Field(examples=["3f1c2a9e-5b7d-4c1e-9a53-0d7e1b6f2c48"]),
]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=200)]


# A pasted line of the mail may surround the digits.
Code = Annotated[str, Field(max_length=400, examples=["123 456"]), AfterValidator(mailed_proofs.parse_code)]


class NewLoginLink(Model):
    """A sign-in link to request: the e-mail, and the page to return to."""

    email: Email
    """The e-mail to send the link to."""
    language: PreferredLanguage = None
    """The language of the mail; by default the customer's, else the store's."""
    return_to: Annotated[str, StringConstraints(max_length=500)] | None = None
    """The page of the storefront to open after the sign-in. Example: https://shop.example.com/cart
    """


class LoginLink(Model):
    """A requested link, for the page to keep. `resend_after` is in seconds."""

    request_id: str
    """The id of the request, for signing in with the code. Example: sir_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6
    """
    nonce: str
    """Proves that the link is opened in the browser that requested it. Example: mP1wVq7yZ0"""
    expires_at: Timestamp
    """When link and code expire."""
    resend_after: int
    """The seconds to wait before the next request. Example: 60"""


_PROOFS = ("token", "nonce", "request_id", "code", "email", "password")


class NewSession(Model):
    """One of these proofs: token and nonce, a code, or a password.

    The token of the link works with the nonce of the browser that requested it; the code of the
    mail works in any browser. The token alone signs nobody in: the response says whether the link
    is valid, and the merchant sees that it was opened in another browser. With `cookie` the session
    is stored in a cookie that scripts cannot read, and is not in the response.

    Example: {"token": "01KAJ3Q4S9V7W0X2Y5Z8B1C4D6.kq2vN0", "nonce": "mP1wVq7yZ0"}
    """

    token: Secret | None = None
    """The token in the link of the mail. Example: 01KAJ3Q4S9V7W0X2Y5Z8B1C4D6.kq2vN0"""
    nonce: Secret | None = None
    """The nonce of the requested link, together with `token`. Example: mP1wVq7yZ0"""
    request_id: Secret | None = None
    """The id of the requested link, together with `code`. Example: sir_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6
    """
    code: Code | None = None
    """The six digits in the mail, together with `request_id` or `token`."""
    email: Email | None = None
    """The e-mail, together with `password`."""
    password: Password | None = None
    """The password, together with `email`. Example: a boat on the green hill"""
    cookie: StrictBool = False
    """Whether to keep the session in a cookie of the browser; false by default."""

    @model_validator(mode="after")
    def _one_proof(self) -> Self:
        given = {name for name in _PROOFS if getattr(self, name) is not None}
        if given not in (
            {"token"},
            {"token", "nonce"},
            {"request_id", "code"},
            {"token", "code"},
            {"email", "password"},
        ):
            raise ValueError(
                "Send token and nonce, request_id and code, token and code, email and password, or token alone."
            )
        return self


class OpenSession(Model):
    """A new session. Only this response has `session_token`: null if it is in a cookie."""

    session_token: str | None
    """The session's token, for `Authorization: Bearer`; null if it is in a cookie. Example:
    cs_01KAJ3Q4S9V7W0X2Y5Z8B1C4D6_kq2vN0"""
    expires_at: Timestamp
    """When the session ends at the latest."""
    customer: Account
    """The shopper's own account."""
    return_to: str | None
    """The page to open now, from the request of the link. Example: https://shop.example.com/cart"""


@router.post(
    f"{BASE}/login-links",
    operation_id="requestLoginLink",
    tags=["sign-in"],
    responses=openapi_responses.responses({202: LoginLink}, [LoginDisabledError, KeyMissingError]),
)
def request_login_link(new: Annotated[NewLoginLink, Body()], shopper_address: ShopperAddress = None) -> Response[Any]:
    """Request a sign-in link by e-mail. The response does not reveal whether it has an account."""
    store, now = router.context["store"], clock.now()
    visitor = access.visitor(router, shopper_address, now)
    link = link_sign_in.request_link(store, new.email, visitor, new.language, new.return_to, now)
    return responses.json(LoginLink(**vars(link)), 202)


@router.post(
    f"{BASE}/sessions",
    operation_id="createSession",
    tags=["sign-in"],
    responses=openapi_responses.responses({201: OpenSession}, REFUSALS, ["Set-Cookie"]),
)
def create_session(
    new: Annotated[NewSession, Body()],
    # A secret of the client, to request a lost response again within a minute.
    idempotency_key: IdempotencyKey = None,
    shopper_address: ShopperAddress = None,
) -> Response[Any]:
    """Sign in with a link, a code or a password.

    A link or code works once, within ten minutes. A password does not prove the e-mail.
    """
    store = router.context["store"]
    if new.cookie:
        # Otherwise another site could sign a visitor in to an account of its own.
        access.require_own_page(store, router.current_event.headers)
    now = clock.now()
    signed_in = _sign_in(store, new, idempotency_key, access.visitor(router, shopper_address, now), now)
    body = OpenSession.model_construct(
        session_token=None if new.cookie else signed_in.token,
        expires_at=signed_in.session.expires_at,
        customer=own_account.own_view(signed_in.customer, signed_in.session.email_proven),
        return_to=signed_in.return_to,
    )
    return responses.json(body, 201, access.set_cookie(store, signed_in.token, signed_in.session) if new.cookie else {})


def _sign_in(store: Store, new: NewSession, idempotency_key: str | None, visitor: Visitor, now: datetime) -> SignedIn:
    if new.email and new.password:
        return password_sign_in.sign_in(store, new.email, new.password, visitor, now)
    proof = link_sign_in.parse_proof(
        token=new.token, request_id=new.request_id, nonce=new.nonce, code=new.code, idempotency_key=idempotency_key
    )
    return link_sign_in.verify(store, proof, visitor, now)


@router.delete(
    f"{BASE}/sessions/current",
    operation_id="endSession",
    **access.PRIVATE,
    responses=openapi_responses.responses({204: None}, headers=["Set-Cookie"]),
)
def end_session() -> Response[Any]:
    """Sign out."""
    caller = router.context["caller"]
    sessions.end(router.context["store"], caller.customer.id, caller.session.id)
    return responses.no_content(access.drop_cookie(router.context["store"]))
