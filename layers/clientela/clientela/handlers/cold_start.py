"""What a function does before its first event, where Lambda gives it a whole processor."""

from clientela import settings
from clientela.table import dynamodb


def prepare() -> None:
    """Create the client of DynamoDB, which every function needs, with its TLS context.

    Its first call would otherwise take a tenth of a second longer. Nothing is sent, so that a
    snapshot of the process (SnapStart) holds no connection. Elsewhere than in Lambda it does
    nothing: tests and commands choose endpoints and credentials later.
    """
    if settings.is_in_lambda():
        dynamodb.client.prepare()
