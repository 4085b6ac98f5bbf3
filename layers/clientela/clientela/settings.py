"""The functions' settings: environment variables from template.yaml, read only in this module.

To add a setting: a function here, and the variable on each function of template.yaml that uses it;
nothing else. A setting is read when it is needed, so a function gets only the variables that it
uses.
"""

import os


class SettingMissingError(RuntimeError):
    """A needed environment variable is not set: an error in the template, never of a caller."""


def table_name() -> str:
    """Name of the DynamoDB table."""
    return _required("TABLE_NAME")


def imports_bucket() -> str:
    """Bucket into which merchants upload CSV files."""
    return _required("IMPORTS_BUCKET")


def import_jobs_bucket() -> str:
    """Bucket for the plans, results and reports of imports."""
    return _required("IMPORT_JOBS_BUCKET")


def max_import_megabytes() -> int:
    """Size of the largest CSV file that is imported, in megabytes."""
    return int(_required("MAX_IMPORT_MEGABYTES"))


def exports_bucket() -> str:
    """Bucket for exports and their manifests."""
    return _required("EXPORTS_BUCKET")


def export_retention_days() -> int:
    """Days after which the files of exports and the reports of bulk changes are deleted."""
    return int(_required("EXPORT_RETENTION_DAYS"))


def mail_queue_url() -> str:
    """Queue of the mails to send."""
    return _required("MAIL_QUEUE_URL")


def bulk_mail_queue_url() -> str:
    """Queue of the mails that may wait: welcomes, invitations, reports."""
    return _required("BULK_MAIL_QUEUE_URL")


def import_state_machine() -> str:
    """ARN of the state machine that runs an import's chunks."""
    return _required("IMPORT_STATE_MACHINE_ARN")


def import_function() -> str:
    """Name of the function that reads the files of imports, invoked asynchronously."""
    return _required("IMPORT_FUNCTION_NAME")


def export_queue_url() -> str:
    """Queue of the exports to run."""
    return _required("EXPORT_QUEUE_URL")


def export_queue_arn() -> str:
    """ARN of the queue of the exports to run, the target of their schedules."""
    return _required("EXPORT_QUEUE_ARN")


def export_schedule_group() -> str:
    """Name of EventBridge Scheduler's group for the schedules of exports."""
    return _required("EXPORT_SCHEDULE_GROUP")


def export_schedule_role() -> str:
    """ARN of the role with which EventBridge Scheduler sends to the queue of exports."""
    return _required("EXPORT_SCHEDULE_ROLE_ARN")


def failed_calls_queue_arn() -> str:
    """ARN of the queue of failed calls, for schedules whose target cannot be reached."""
    return _required("FAILED_CALLS_QUEUE_ARN")


def export_state_machine() -> str:
    """ARN of the state machine that writes large exports in parts."""
    return _required("EXPORT_STATE_MACHINE_ARN")


def export_part_rows() -> int:
    """Number of customers of one part of an export; up to so many are exported in one step."""
    return int(_required("EXPORT_PART_ROWS"))


def export_part_concurrency() -> int:
    """Number of parts of one export that are written at the same time."""
    return int(_required("EXPORT_PART_CONCURRENCY"))


def bulk_function() -> str:
    """Name of the function that makes bulk changes, invoked asynchronously."""
    return _required("BULK_FUNCTION_NAME")


def signing_secret() -> str:
    """ARN of the secret key for codes and cursors."""
    return _required("SIGNING_SECRET_ARN")


def erasure_secret() -> str:
    """ARN of the secret key for the hashes of erased e-mails."""
    return _required("ERASURE_SECRET_ARN")


def removal_queue_url() -> str:
    """Queue of the customers whose removal is not finished."""
    return _required("REMOVAL_QUEUE_URL")


def sender_address() -> str:
    """Verified sender address of the deployment, for stores without their own."""
    return _required("SENDER_ADDRESS")


def email_configuration_set() -> str:
    """SES configuration set of the mails; it reports bounces and complaints."""
    return _required("EMAIL_CONFIGURATION_SET")


def public_url() -> str:
    """Base URL of the API for browsers, without a trailing slash."""
    return _required("PUBLIC_URL")


def vies_url() -> str:
    """Base URL of VIES's REST API, without a trailing slash."""
    return _required("VIES_URL")


def vat_check_queue_url() -> str:
    """Queue of the VAT IDs to check with VIES."""
    return _required("VAT_CHECK_QUEUE_URL")


def report_queue_url() -> str:
    """Queue of the customers and orders whose reports are to be counted."""
    return _required("REPORT_QUEUE_URL")


def report_check_queue_url() -> str:
    """URL of the queue of stores whose reports are to be checked."""
    return _required("REPORT_CHECK_QUEUE_URL")


def event_bus() -> str:
    """Name of the EventBridge bus for events."""
    return _required("EVENT_BUS")


def event_source() -> str:
    """Source of the events, such as `clientela.prod`."""
    return _required("EVENT_SOURCE")


def failed_calls_queue_url() -> str:
    """Queue of failed calls for the operator."""
    return _required("FAILED_CALLS_QUEUE_URL")


def requests_per_second() -> int:
    """Number of requests per second that one API key may make to one function instance."""
    return int(_required("REQUESTS_PER_SECOND"))


def network_links_per_hour() -> int:
    """Number of requests for a sign-in link that one network may make in a store within an hour."""
    return int(_required("NETWORK_LINKS_PER_HOUR"))


def network_attempts_per_ten_minutes() -> int:
    """Number of attempts to sign in that one network may make in a store within ten minutes."""
    return int(_required("NETWORK_ATTEMPTS_PER_TEN_MINUTES"))


def bulk_mail_concurrency() -> int:
    """Number of batches of bulk mails that are sent at a time."""
    return int(_required("BULK_MAIL_CONCURRENCY"))


def store_bulk_mails_per_day() -> int:
    """Number of welcome mails, invitations and reports that one store may send in a day."""
    return int(_required("STORE_BULK_MAILS_PER_DAY"))


def store_links_per_day() -> int:
    """Number of mails with a link or code that one store may send in a day."""
    return int(_required("STORE_LINKS_PER_DAY"))


def links_per_day() -> int:
    """Number of mails with a link or code that all stores together may send in a day."""
    return int(_required("LINKS_PER_DAY"))


def import_concurrency() -> int:
    """Number of chunks of an import that are loaded at a time."""
    return int(_required("IMPORT_CONCURRENCY"))


def import_write_units_per_second() -> int:
    """Number of write units that an import may use in a second; 0 for no limit."""
    return int(_required("IMPORT_WRITE_UNITS_PER_SECOND"))


def trusted_proxy() -> str | None:
    """SHA-256 of the secret with which a proxy may name the shopper's address, or None."""
    return os.environ.get("TRUSTED_PROXY") or None


def trusted_proxy_header() -> str:
    """Name of the header in which the trusted proxy names the shopper's address."""
    return _required("TRUSTED_PROXY_HEADER")


def is_in_lambda() -> bool:
    """Whether this process is a function's, rather than a command's or a test's."""
    return "AWS_LAMBDA_FUNCTION_NAME" in os.environ


def _required(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise SettingMissingError(
            f"The environment variable {name} is not set: see the function's Variables in template.yaml."
        )
    return value
