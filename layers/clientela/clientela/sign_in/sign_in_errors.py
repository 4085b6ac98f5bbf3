"""Errors of sign-in, by link, code or password, and of sessions. Their codes are stable."""

from clientela.errors import ClientelaError


class LoginDisabledError(ClientelaError):
    """The store has no customer accounts."""

    code = "login_disabled"
    title = "This store has no sign-in"


class PasswordSignInDisabledError(ClientelaError):
    """The store has sign-in by link and code only."""

    code = "password_sign_in_disabled"
    title = "This store has no sign-in by password"


class LinkExpiredError(ClientelaError):
    """The sign-in link is more than ten minutes old."""

    code = "link_expired"
    title = "The sign-in link has expired"


class LinkUsedError(ClientelaError):
    """The sign-in link was used, or a newer sign-in request replaced it."""

    code = "link_used"
    title = "The sign-in link was already used"


class LinkUnknownError(ClientelaError):
    """The store never sent this sign-in link."""

    code = "link_unknown"
    title = "Unknown sign-in link"


class BrowserMismatchError(ClientelaError):
    """The link was opened in a browser that did not request it: the e-mailed code is needed."""

    code = "browser_mismatch"
    title = "The sign-in was requested in another browser"


class CodeWrongError(ClientelaError):
    """The code is not the one in the mail."""

    code = "code_wrong"
    title = "Wrong code"


class CredentialsWrongError(ClientelaError):
    """Wrong e-mail or password; also raised if the account is unknown or disabled."""

    code = "credentials_wrong"
    title = "Wrong e-mail or password"


class CodeLockedError(ClientelaError):
    """The code was invalidated by too many wrong attempts: a new mail is needed."""

    code = "code_locked"
    title = "Too many wrong codes"


class AccountDisabledError(ClientelaError):
    """The account is disabled; raised only after the caller has proven the e-mail."""

    code = "account_disabled"
    title = "The account is disabled"


class SessionInvalidError(ClientelaError):
    """The session is missing or has ended."""

    code = "session_invalid"
    title = "Please sign in"


class EmailUnprovenError(ClientelaError):
    """The session's password was set without access to the account's mailbox."""

    code = "email_unproven"
    title = "Sign in once with an e-mailed link or code to see this"


class FreshSignInNeededError(ClientelaError):
    """The last sign-in with an e-mailed link or code was too long ago for this."""

    code = "fresh_sign_in_needed"
    title = "Sign in again with an e-mailed link or code"
