"""Errors of the domain, each with a stable code that callers may rely on.

The HTTP edge adds those of `http_errors`; `problems.STATUS` maps every error to its HTTP status.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from clientela.sentences import Sentence


@dataclass(frozen=True)
class FieldError:
    """One invalid field: `pointer` is a JSON pointer (RFC 6901) or a parameter's name."""

    pointer: str
    message: str


class ClientelaError(Exception):
    """Base of the errors: `code` and `title` are stable, `detail` explains this occurrence."""

    code: ClassVar[str]
    title: ClassVar[str]

    def __init__(self, detail: str = "", *, fields: Sequence[FieldError] = (), retry_after: int | None = None) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.fields = tuple(fields)
        self.retry_after = retry_after


class InvalidInputError(ClientelaError):
    """Fields are missing, unknown or invalid."""

    code = "invalid_input"
    title = "Invalid request"

    def __init__(self, detail: str = "Some values are invalid.", *, fields: Sequence[FieldError] = ()) -> None:
        super().__init__(detail, fields=fields)


class KeyMissingError(ClientelaError):
    """The API key is missing, unknown, expired or revoked."""

    code = "api_key_invalid"
    title = "Missing or invalid API key"


class ScopeMissingError(ClientelaError):
    """The API key is valid, but lacks the scope for this request."""

    code = "scope_missing"
    title = "The API key does not allow this"


class NotFoundError(ClientelaError):
    """The store has nothing under this name or id."""

    code = "not_found"
    title = "Not found"


class StoreNotFoundError(NotFoundError):
    """No store has this id."""

    code = "store_not_found"
    title = "Store not found"


class CustomerNotFoundError(NotFoundError):
    """The store has no customer with this id."""

    code = "customer_not_found"
    title = "Customer not found"


class CustomerMergedError(CustomerNotFoundError):
    """The customer `customer_id` was merged into the customer `into_id`."""

    code = "customer_merged"
    title = "The customer was merged into another one"

    def __init__(self, customer_id: str, into_id: str) -> None:
        super().__init__(Sentence("Customer “{id}” was merged into “{into}”.", id=customer_id, into=into_id))
        self.customer_id, self.into_id = customer_id, into_id


class MergeNotFoundError(NotFoundError):
    """The customer was not merged into the other one."""

    code = "merge_not_found"
    title = "Merge not found"


class MergeFinalError(ClientelaError):
    """The merge cannot be undone, or not yet."""

    code = "merge_final"
    title = "The merge cannot be undone"


class InvitationRefusedError(ClientelaError):
    """The customer cannot be invited: the mail would lead nowhere, or reach nobody."""

    code = "invitation_refused"
    title = "The customer cannot be invited"


class OrderNotFoundError(NotFoundError):
    """The customer has no order with this id."""

    code = "order_not_found"
    title = "Order not found"


class OrderRefusedError(ClientelaError):
    """An order message is invalid; the detail gives the reason."""

    code = "order_refused"
    title = "Invalid order"


class ExportNotFoundError(NotFoundError):
    """The store has no export with this id."""

    code = "export_not_found"
    title = "Export not found"


class ExportUnfinishedError(ClientelaError):
    """The export has no file: it is still running, or it failed."""

    code = "export_unfinished"
    title = "The export has no file"


class NoRemovalsError(ClientelaError):
    """The export has no list of removed customers, because it is not one of changes."""

    code = "no_removals"
    title = "The export has no list of removed customers"


class ExportFileDeletedError(ClientelaError):
    """The export has ended, but its file is not kept any more."""

    code = "export_file_deleted"
    title = "The file of the export was deleted"


class ExportLinkInvalidError(ClientelaError):
    """The link to a file was not made for it, or its recipient is not notified any more."""

    code = "export_link_invalid"
    title = "This link is not valid"


class ExportLinkExpiredError(ClientelaError):
    """The link to a file is too old."""

    code = "export_link_expired"
    title = "This link has expired"


class ReportsNotReadyError(ClientelaError):
    """The reports of the store are being built for the first time."""

    code = "reports_not_ready"
    title = "The reports are being prepared"

    def __init__(self) -> None:
        super().__init__("The reports of this store are being prepared: try again in a minute.", retry_after=60)


class ScheduleNotFoundError(NotFoundError):
    """The store has no export schedule with this id."""

    code = "export_schedule_not_found"
    title = "Export schedule not found"


class ScheduleLimitError(ClientelaError):
    """The store has as many export schedules as it may have."""

    code = "export_schedule_limit"
    title = "Too many export schedules"


class ImportNotFoundError(NotFoundError):
    """The store has no import job with this id, or the job has no report yet."""

    code = "import_not_found"
    title = "Import not found"


class ImportStateError(ClientelaError):
    """The import is in a state in which this cannot be done."""

    code = "import_state"
    title = "The import is not in the right state"


class PlanOutdatedError(ClientelaError):
    """The plan of the import no longer holds, or is not the one that the caller has seen."""

    code = "plan_outdated"
    title = "The plan no longer holds"


class UploadIncompleteError(ClientelaError):
    """Some parts of the file are not uploaded, or too late."""

    code = "upload_incomplete"
    title = "The file is not uploaded completely"


class GroupNotFoundError(NotFoundError):
    """The store has no group with this id."""

    code = "group_not_found"
    title = "Group not found"


class BulkJobNotFoundError(NotFoundError):
    """The store has no bulk change with this id."""

    code = "bulk_not_found"
    title = "Bulk change not found"


class ErasureNotFoundError(NotFoundError):
    """The store has no erasure with this id."""

    code = "erasure_not_found"
    title = "Erasure not found"


class GroupUnknownError(ClientelaError):
    """A customer cannot join a group that the store does not have."""

    code = "group_unknown"
    title = "The group does not exist"


class MailNotFoundError(NotFoundError):
    """There is no mail with this name, or not in this language."""

    code = "mail_not_found"
    title = "Mail not found"


class MailTestRefusedError(ClientelaError):
    """The store has no address for notifications, to which a test could go."""

    code = "test_mail_refused"
    title = "No test mail can be sent"


class KeyNotFoundError(NotFoundError):
    """The store has no API key with this id."""

    code = "api_key_not_found"
    title = "API key not found"


class GroupCodeTakenError(ClientelaError):
    """Another group of the store has this code."""

    code = "group_code_taken"
    title = "Another group has this code"


class StoreExistsError(ClientelaError):
    """Another store has this id."""

    code = "store_exists"
    title = "Another store has this id"


class EmailTakenError(ClientelaError):
    """Another customer of the store has this e-mail."""

    code = "email_taken"
    title = "Another customer has this e-mail"


class ExternalIdTakenError(ClientelaError):
    """Another customer of the store has this id of another system."""

    code = "external_id_taken"
    title = "Another customer has this external id"


class VersionConflictError(ClientelaError):
    """The resource was changed after the caller read it."""

    code = "version_conflict"
    title = "Changed since you read it"


class BusyError(ClientelaError):
    """Too many simultaneous changes to the same items, or throttling by AWS. Safe to repeat."""

    code = "busy"
    title = "Please try again"


class RequestInFlightError(ClientelaError):
    """A request with the same Idempotency-Key is still being processed."""

    code = "request_in_flight"
    title = "The same request is still being processed"


class RequestKeyReusedError(ClientelaError):
    """The Idempotency-Key was used for a different request."""

    code = "idempotency_key_reused"
    title = "This Idempotency-Key was used for a different request"


class TooManyRequestsError(ClientelaError):
    """A rate limit is reached; `retry_after` is the number of seconds to wait."""

    code = "too_many_requests"
    title = "Too many requests"
