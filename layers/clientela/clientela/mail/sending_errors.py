"""What an error of SES says: about one mail, or about the account, the sender or the moment.

Only an address or a content that SES refuses is a verdict on the mail. Everything else is about
what somebody mends, or about time, and the mail is sent afterwards.
Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html#API_SendEmail_Errors
"""

import re
from typing import Literal

from botocore.exceptions import ClientError

Refusal = Literal["address_refused", "content_refused"]
HeldReason = Literal[
    "not_verified", "mail_from_not_verified", "sending_paused", "account_suspended", "configuration_missing",
    "access_denied", "rate", "quota", "store_limit",
]  # fmt: skip
LIMITS: frozenset[HeldReason] = frozenset({"rate", "quota", "store_limit"})  # pass by themselves

_FAULTS: dict[str, HeldReason] = {
    "MailFromDomainNotVerifiedException": "mail_from_not_verified",
    "SendingPausedException": "sending_paused",
    "AccountSuspendedException": "account_suspended",
    "NotFoundException": "configuration_missing",
    "AccessDeniedException": "access_denied",
}
_THROTTLED = {"TooManyRequestsException", "LimitExceededException", "ThrottlingException", "Throttling"}
# MessageRejected also has the errors of senders that are not verified, and of recipients while the
# account is in the sandbox: "Email address is not verified. The following identities failed …".
_NOT_VERIFIED = re.compile(r"not verified", re.IGNORECASE)
_PAUSED = re.compile(r"sending (?:is |has been )?(?:paused|suspended|disabled)|account.*shut ?down", re.IGNORECASE)
_QUOTA = re.compile(r"quota", re.IGNORECASE)


class MailHeldError(Exception):
    """The mail cannot be sent now; its message is put back on the queue."""

    def __init__(self, reason: HeldReason) -> None:
        super().__init__(reason)
        self.reason = reason

    @property
    def is_fault(self) -> bool:
        """Whether somebody has to mend something."""
        return self.reason not in LIMITS


def read(error: ClientError) -> Refusal | MailHeldError | None:
    """Return the refusal of a mail, why it has to wait, or None if SES failed by itself."""
    code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    if code in _FAULTS:
        return MailHeldError(_FAULTS[code])
    if code in _THROTTLED:
        return MailHeldError("quota" if _QUOTA.search(message) else "rate")
    if code not in {"MessageRejected", "BadRequestException"}:
        return None
    if _NOT_VERIFIED.search(message):
        return MailHeldError("not_verified")
    if _PAUSED.search(message):
        return MailHeldError("sending_paused")
    return "content_refused" if code == "MessageRejected" else "address_refused"
