"""Everything that can be refused, each with the stable code that callers may rely on.

The domain raises these, the edge those of `http_errors` besides; `web.STATUS` alone says which HTTP status each has.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class FieldError:
    """One bad field: `pointer` is an RFC 6901 JSON pointer into the body, or a parameter's name."""

    pointer: str
    message: str


class ClientelaError(Exception):
    """Something asked for that is refused: `code` and `title` are stable, `detail` says what about this request."""

    code: ClassVar[str]
    title: ClassVar[str]

    def __init__(self, detail: str = "", *, fields: Sequence[FieldError] = (), retry_after: int | None = None) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.fields = tuple(fields)
        self.retry_after = retry_after


class InvalidInputError(ClientelaError):
    """Fields are missing, unknown or of the wrong form."""

    code = "invalid_input"
    title = "The request holds values that cannot be taken"


class KeyMissingError(ClientelaError):
    """No API key, or one that is unknown, expired or revoked."""

    code = "api_key_invalid"
    title = "A valid API key is needed"


class ScopeMissingError(ClientelaError):
    """The API key is good, but not for this."""

    code = "scope_missing"
    title = "The API key does not allow this"


class NotFoundError(ClientelaError):
    """No such thing in this store."""

    code = "not_found"
    title = "There is no such thing here"


class StoreNotFoundError(NotFoundError):
    """No store of this id."""

    code = "store_not_found"
    title = "There is no such store"


class CustomerNotFoundError(NotFoundError):
    """No customer of this id in this store."""

    code = "customer_not_found"
    title = "There is no such customer"


class CustomerMergedError(CustomerNotFoundError):
    """The customer was merged into another one, who is here: `customer_id` is now `into_id`."""

    code = "customer_merged"
    title = "The customer was merged into another one"

    def __init__(self, customer_id: str, into_id: str) -> None:
        super().__init__(f"Customer {customer_id!r} was merged into {into_id!r}.")
        self.customer_id, self.into_id = customer_id, into_id


class OrderNotFoundError(NotFoundError):
    """No order of this id among the customer's."""

    code = "order_not_found"
    title = "There is no such order"


class OrderRefusedError(ClientelaError):
    """An order message that cannot be taken: its detail says why."""

    code = "order_refused"
    title = "The order cannot be taken"


class ExportNotFoundError(NotFoundError):
    """No export of this id in this store."""

    code = "export_not_found"
    title = "There is no such export"


class ExportUnfinishedError(ClientelaError):
    """The export has no file: it is still running, or it failed."""

    code = "export_unfinished"
    title = "The export has no file"


class ImportNotFoundError(NotFoundError):
    """No import job of this id in this store, or no report of it yet."""

    code = "import_not_found"
    title = "There is no such import"


class GroupNotFoundError(NotFoundError):
    """No group of this id in this store."""

    code = "group_not_found"
    title = "There is no such group"


class BulkJobNotFoundError(NotFoundError):
    """No bulk change of this id in this store."""

    code = "bulk_not_found"
    title = "There is no such bulk change"


class ErasureNotFoundError(NotFoundError):
    """No erasure of this id in this store."""

    code = "erasure_not_found"
    title = "There is no such erasure"


class GroupUnknownError(ClientelaError):
    """A customer is to be put into a group that the store does not have."""

    code = "group_unknown"
    title = "There is no such group to be put into"


class KeyNotFoundError(NotFoundError):
    """No API key of this id in this store."""

    code = "api_key_not_found"
    title = "There is no such API key"


class GroupCodeTakenError(ClientelaError):
    """Another group of the store has this code."""

    code = "group_code_taken"
    title = "Another group has this code"


class StoreExistsError(ClientelaError):
    """A store of this id is there already."""

    code = "store_exists"
    title = "A store of this id exists already"


class EmailTakenError(ClientelaError):
    """Another customer of the store has this e-mail."""

    code = "email_taken"
    title = "Another customer has this e-mail"


class VersionConflictError(ClientelaError):
    """The thing was changed since the caller read it."""

    code = "version_conflict"
    title = "It was changed since you read it"


class BusyError(ClientelaError):
    """Too many changes to the same thing at the same time, or the database asks to slow down. Safe to repeat."""

    code = "busy"
    title = "Please try again"


class RequestInFlightError(ClientelaError):
    """The same request, by its Idempotency-Key, is still under way."""

    code = "request_in_flight"
    title = "The same request is still under way"


class RequestKeyReusedError(ClientelaError):
    """The Idempotency-Key was used for another request."""

    code = "idempotency_key_reused"
    title = "This Idempotency-Key was used for another request"


class TooManyRequestsError(ClientelaError):
    """A limit is reached; `retry_after` says in how many seconds to try again."""

    code = "too_many_requests"
    title = "Too many requests"


class LoginDisabledError(ClientelaError):
    """The store has no customer accounts."""

    code = "login_disabled"
    title = "This store has no sign-in"


class LinkExpiredError(ClientelaError):
    """The sign-in link is older than its ten minutes."""

    code = "link_expired"
    title = "The sign-in link has expired"


class LinkUsedError(ClientelaError):
    """The sign-in link was used, or a newer sign-in replaced it."""

    code = "link_used"
    title = "The sign-in link was used already"


class LinkUnknownError(ClientelaError):
    """No sign-in link like this was sent by this store."""

    code = "link_unknown"
    title = "The sign-in link is not known"


class BrowserMismatchError(ClientelaError):
    """The link was opened in another browser than the one that asked for it: the code of the mail is needed."""

    code = "browser_mismatch"
    title = "The sign-in was asked for in another browser"


class CodeWrongError(ClientelaError):
    """The typed code is not the one in the mail."""

    code = "code_wrong"
    title = "The code is wrong"


class CredentialsWrongError(ClientelaError):
    """E-mail and password do not open an account: said of unknown and disabled ones, too."""

    code = "credentials_wrong"
    title = "E-mail or password is wrong"


class CodeLockedError(ClientelaError):
    """Too many wrong codes: a new mail is needed."""

    code = "code_locked"
    title = "Too many wrong codes"


class AccountDisabledError(ClientelaError):
    """The account is disabled; said only to a caller who has proven to own its e-mail."""

    code = "account_disabled"
    title = "The account is disabled"


class SessionInvalidError(ClientelaError):
    """No session, or one that has ended."""

    code = "session_invalid"
    title = "Please sign in"


class EmailUnprovenError(ClientelaError):
    """The session was opened by a password that nobody has set from the mailbox of the account's e-mail."""

    code = "email_unproven"
    title = "Sign in once by the link or code of a mail to see this"


class FreshSignInNeededError(ClientelaError):
    """This takes a sign-in by the link or code of a mail within the last minutes."""

    code = "fresh_sign_in_needed"
    title = "Sign in anew by the link or code of a mail to do this"
