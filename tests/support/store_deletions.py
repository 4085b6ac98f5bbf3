"""Deletions of stores: a clock to wait by, and what is left in table and buckets."""

import json
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import boto3
from tests.support.deployment import EXPORTS, IMPORT_JOBS, IMPORTS

from clientela import clock, settings
from clientela.lifecycle import store_deletions
from clientela.lifecycle.store_deletions import StoreDeletion
from clientela.schema.actors import OPERATOR
from clientela.stores import stores
from clientela.stores.stores import Store, StoreSettings

NOW = clock.now()


class Time:
    """A clock that sleeping moves forward."""

    def __init__(self) -> None:
        self.now = NOW
        self.slept = 0.0
        self.meanwhile: Callable[[], None] = lambda: None

    def read(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        self.now += timedelta(seconds=seconds)
        self.slept += seconds


def new_store(suffix: str = "") -> Store:
    return stores.create(f"store-{uuid.uuid4().hex[:12]}{suffix}", StoreSettings(name="Demo"), NOW)


def delete(store: Store, time: Time | None = None) -> StoreDeletion:
    time = time or Time()
    return store_deletions.delete(store.id, OPERATOR, time.read, sleep=time.sleep)


def items() -> list[dict[str, Any]]:
    return list(boto3.resource("dynamodb").Table(settings.table_name()).scan(ConsistentRead=True)["Items"])


def files() -> list[str]:
    versions = [boto3.client("s3").list_object_versions(Bucket=bucket) for bucket in (IMPORTS, IMPORT_JOBS, EXPORTS)]
    kinds = [each.get(kind, []) for each in versions for kind in ("Versions", "DeleteMarkers")]
    return sorted(f"{each['Key']} {each['VersionId']}" for kind in kinds for each in kind)


def demand_only_certificates(store: Store) -> None:
    named = [item for item in items() if f'"{store.id}"' in json.dumps(item, default=repr) or is_of(store, item)]
    assert {item["pk"].partition("#")[0] for item in named} == {"STORE_DELETIONS"}


def is_of(store: Store, item: dict[str, Any]) -> bool:
    return f"{store.id}#" in f"{item['pk']}#" or f"{store.id}#" in str(item.get("dir", ""))
