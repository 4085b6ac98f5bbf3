"""What the template tells the functions, read from the environment in this one place.

To add a setting: a function here, the variable on the functions of template.yaml that use it, nothing else. Each name
is read when it is first needed, so a function is given only what it uses.
"""

import os


class SettingMissingError(RuntimeError):
    """The function runs without an environment variable that it needs: a fault of the template, never of a caller."""


def table_name() -> str:
    """Name of the one DynamoDB table."""
    return _required("TABLE_NAME")


def imports_bucket() -> str:
    """Bucket into which merchants drop CSV files; job files live in it below `_jobs/`."""
    return _required("IMPORTS_BUCKET")


def exports_bucket() -> str:
    """Bucket in which exports and their manifests arrive."""
    return _required("EXPORTS_BUCKET")


def mail_queue_url() -> str:
    """Queue of the mails to send."""
    return _required("MAIL_QUEUE_URL")


def import_state_machine() -> str:
    """ARN of the state machine that runs an import's chunks."""
    return _required("IMPORT_STATE_MACHINE_ARN")


def export_function() -> str:
    """Name of the function that writes exports; it is invoked asynchronously."""
    return _required("EXPORT_FUNCTION_NAME")


def bulk_function() -> str:
    """Name of the function that works on bulk changes; it is invoked asynchronously."""
    return _required("BULK_FUNCTION_NAME")


def signing_secret() -> str:
    """ARN of the secret that keys codes and cursors: never the secret itself."""
    return _required("SIGNING_SECRET_ARN")


def erasure_secret() -> str:
    """ARN of the secret that keys the hashes of those who were erased."""
    return _required("ERASURE_SECRET_ARN")


def removal_queue_url() -> str:
    """Queue of the customers whose removal is to be finished."""
    return _required("REMOVAL_QUEUE_URL")


def sender_address() -> str:
    """The deployment's verified sender, used where a store has none of its own."""
    return _required("SENDER_ADDRESS")


def email_configuration_set() -> str:
    """The configuration set of SES that mails go out under: it tells of bounces and complaints."""
    return _required("EMAIL_CONFIGURATION_SET")


def public_url() -> str:
    """Base URL under which browsers reach the API, without a slash at its end."""
    return _required("PUBLIC_URL")


def vies_url() -> str:
    """Base URL of VIES's REST API, without a slash at its end."""
    return _required("VIES_URL")


def vat_check_queue_url() -> str:
    """Queue of the VAT IDs to ask VIES about."""
    return _required("VAT_CHECK_QUEUE_URL")


def event_bus() -> str:
    """Name of the bus on which events go out."""
    return _required("EVENT_BUS")


def event_source() -> str:
    """What events name as their source, such as `clientela.prod`."""
    return _required("EVENT_SOURCE")


def failed_calls_queue_url() -> str:
    """Queue of what could not be done and must be looked at."""
    return _required("FAILED_CALLS_QUEUE_URL")


def requests_per_second() -> int:
    """How many calls a second one API key may make of one function instance."""
    return int(_required("REQUESTS_PER_SECOND"))


def _required(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise SettingMissingError(
            f"The environment variable {name} is not set: see the function's Variables in template.yaml."
        )
    return value
