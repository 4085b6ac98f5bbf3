"""What a benchmark sets in place of a deployment: no real account, no limits that it reaches."""

from clientela import deadlines, signing
from clientela.aws import http_connections

TABLE = "benchmarks"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "TABLE_NAME": TABLE,
    "POWERTOOLS_SERVICE_NAME": "benchmarks",
    "REQUESTS_PER_SECOND": "1000000",
    "NETWORK_LINKS_PER_HOUR": "50",
    "NETWORK_ATTEMPTS_PER_TEN_MINUTES": "1000000",
    "STORE_LINKS_PER_DAY": "1000000",
    "LINKS_PER_DAY": "1000000",
    "SIGNING_SECRET_ARN": "benchmarks",
    "ERASURE_SECRET_ARN": "benchmarks",
    "MAIL_QUEUE_URL": "http://127.0.0.1/123456789012/mail",
}
_PATIENCE = 300.0  # seconds


def prepare() -> None:
    """Replace secrets, and let a request take minutes.

    DynamoDB Local filters a large index slowly on a busy machine.
    """
    setattr(http_connections, "READ_SECONDS", _PATIENCE)  # noqa: B010
    setattr(deadlines, "call_seconds", lambda longest: longest)  # noqa: B010
    # In place of calls to Secrets Manager.
    setattr(signing, "_read", lambda arn: (b"benchmarks" * 6,))  # noqa: B010
    setattr(signing, "_permanent_key", lambda arn: b"benchmarks" * 6)  # noqa: B010
