"""Clients of the local cloud, with its own root key: never those of the shell."""

from typing import Any

import boto3

from local.environment import ACCESS_KEY, REGION


def client(service: str, endpoint: str) -> Any:
    """A boto3 client of the local cloud at `endpoint`, whatever profile or keys the shell has."""
    session = boto3.Session(aws_access_key_id=ACCESS_KEY, aws_secret_access_key=ACCESS_KEY, region_name=REGION)
    return session.client(service, endpoint_url=endpoint)  # type: ignore[call-overload]
