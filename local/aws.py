"""Boto3 clients for the local cloud, with its own root key, never with the shell's credentials."""

from typing import Any

import boto3

from local.environment import ACCESS_KEY, REGION


def client(service: str, endpoint: str) -> Any:
    """Return a boto3 client for the local cloud at `endpoint`."""
    session = boto3.Session(aws_access_key_id=ACCESS_KEY, aws_secret_access_key=ACCESS_KEY, region_name=REGION)
    return session.client(service, endpoint_url=endpoint)  # type: ignore[call-overload]
