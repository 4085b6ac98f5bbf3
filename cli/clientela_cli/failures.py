"""What goes wrong, as one line for people and an exit code for scripts."""

from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, NoCredentialsError, NoRegionError
from pydantic import ValidationError

from clientela.errors import BusyError, ClientelaError
from clientela_cli.complaints import complaints

FAILED, USAGE, REJECTED, INTERRUPTED = 1, 2, 3, 130


class Failure(Exception):  # noqa: N818 - it may also say that all is well but for some rows
    """A command ends here: the message says what happened and what to do, `code` is the exit code."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


def explained(error: Exception) -> Failure | None:
    """The failure to show for an error, or None for one that nobody foresaw."""
    match error:
        case Failure():
            return error
        case ValidationError():
            return Failure("; ".join(complaints(error)), USAGE)
        case BusyError():
            return Failure("The database is busy or cannot be reached. Please try again.")
        case ClientelaError():
            return Failure(_refused(error))
        case NoCredentialsError():
            return Failure("No AWS credentials found: sign in as for the AWS command line, or use --local.")
        case NoRegionError():
            return Failure("No AWS region is set: name it with --region, or use --local.")
        case EndpointConnectionError():
            return Failure(f"{error} Check the region and the network.")
        case ClientError() | BotoCoreError():
            return Failure(" ".join(str(error).split()))
        case OSError(filename=str(name), strerror=str(reason)):
            return Failure(f"{name}: {reason}")
        case _:
            return None


def _refused(error: ClientelaError) -> str:
    fields = "; ".join(f"{field.pointer.removeprefix('/')}: {field.message}" for field in error.fields)
    return fields or error.detail or error.title
