"""/login-links and /sessions: the way in and the way out. Only a POST uses a link up, so mail scanners cannot."""

from typing import Annotated, Any, Self

from aws_lambda_powertools.event_handler.api_gateway import Response, Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Header
from pydantic import AfterValidator, Field, StrictBool, StringConstraints, model_validator

from clientela import clock
from clientela.schema.documents import Model
from clientela.schema.email_addresses import Email
from clientela.schema.fields import Timestamp
from clientela.schema.languages import Language
from clientela.sign_in import link_sign_in, password_sign_in, sessions
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
)
from clientela.storefront import own_account
from clientela.storefront.own_account import Account
from clientela.stores.stores import Store
from clientela.web import http_app, openapi_responses
from clientela.web.http_errors import OriginNotAllowedError
from storefront_routes import access

router = Router()

BASE = "/v1/stores/<store_id>"
REFUSALS = (
    LinkExpiredError, LinkUsedError, LinkUnknownError, CodeWrongError, CodeLockedError, BrowserMismatchError,
    CredentialsWrongError,
    AccountDisabledError, LoginDisabledError, OriginNotAllowedError,
)  # fmt: skip
Secret = Annotated[str, StringConstraints(min_length=1, max_length=200)]


def _six_digits(text: str) -> str:
    """`123 456` as people type it. ValueError where it is no code."""
    digits = text.replace(" ", "").replace("-", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) == 6):
        raise ValueError("a code has six digits")
    return digits


Code = Annotated[str, Field(max_length=20, examples=["123 456"]), AfterValidator(_six_digits)]


class NewLoginLink(Model):
    """Where to send a sign-in link, and where to go once signed in."""

    email: Email
    language: Language | None = None
    return_to: Annotated[str, StringConstraints(max_length=500)] | None = None


class LoginLink(Model):
    """What the page keeps until the link comes back to it. `resend_after` is in seconds."""

    request_id: str
    nonce: str
    expires_at: Timestamp
    resend_after: int


_PROOFS = ("token", "nonce", "request_id", "code", "email", "password")


class NewSession(Model):
    """The link's token with the nonce of the browser that asked, in any browser the code of the mail, or a password.

    The token alone signs nobody in: the answer says whether the link still lives, and the merchant sees that somebody
    opened it elsewhere. `cookie` keeps the session in a cookie that no script can read, instead of in the answer.
    """

    token: Secret | None = None
    nonce: Secret | None = None
    request_id: Secret | None = None
    code: Code | None = None
    email: Email | None = None
    password: Password | None = None
    cookie: StrictBool = False

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        given = {name for name in _PROOFS if getattr(self, name) is not None}
        if given not in (
            {"token"},
            {"token", "nonce"},
            {"request_id", "code"},
            {"token", "code"},
            {"email", "password"},
        ):
            raise ValueError(
                "send token and nonce, request_id and code, token and code, email and password, or token alone"
            )
        return self


class OpenSession(Model):
    """A session. `session_token` is shown here only, and not at all where it is in the cookie."""

    session_token: str | None
    expires_at: Timestamp
    customer: Account
    return_to: str | None


@router.post(
    f"{BASE}/login-links",
    operation_id="requestLoginLink",
    tags=["sign-in"],
    responses=openapi_responses.responses({202: LoginLink}, [LoginDisabledError]),
)
def request_login_link(wanted: Annotated[NewLoginLink, Body()]) -> Response[Any]:
    """Ask for a sign-in link by e-mail. The answer is the same for everybody, whether there is an account or not."""
    asked = link_sign_in.request_link(
        router.context["store"],
        wanted.email,
        access.visitor(router.current_event),
        wanted.language,
        wanted.return_to,
        clock.now(),
    )
    return http_app.json(LoginLink(**vars(asked)), 202)


@router.post(
    f"{BASE}/sessions",
    operation_id="createSession",
    tags=["sign-in"],
    responses=openapi_responses.responses({201: OpenSession}, REFUSALS, ["Set-Cookie"]),
)
def create_session(
    new: Annotated[NewSession, Body()],
    # Chosen by the caller and kept to itself: with it, an answer that was lost can be asked for again for a minute.
    idempotency_key: Annotated[str | None, Header(alias="Idempotency-Key", min_length=16, max_length=200)] = None,
) -> Response[Any]:
    """Sign in with what the mail held, good once and for ten minutes; or with a password, which proves no e-mail by itself."""
    store = router.context["store"]
    if new.cookie:
        # Else another site could sign a visitor in to an account of its own.
        access.require_own_page(store, router.current_event.headers)
    opened = _opened(store, new, idempotency_key)
    body = OpenSession.model_construct(
        session_token=None if new.cookie else opened.token,
        expires_at=opened.session.expires_at,
        customer=own_account.own_view(opened.customer, opened.session.email_proven),
        return_to=opened.return_to,
    )
    return http_app.json(body, 201, access.set_cookie(opened.token, opened.session) if new.cookie else {})


def _opened(store: Store, new: NewSession, idempotency_key: str | None) -> SignedIn:
    visitor, now = access.visitor(router.current_event), clock.now()
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
    return Response(status_code=204, headers=access.drop_cookie(), body="")
