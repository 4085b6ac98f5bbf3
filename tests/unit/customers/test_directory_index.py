"""How much of an index a scan for words reads."""

from collections.abc import Iterator
from typing import Any

import pytest

from clientela import clock
from clientela.customers import directory_index
from clientela.customers.customer_filter import Expression
from clientela.stores.setting_groups import Directory
from clientela.stores.stores import Store
from clientela.table import dynamodb

NOW = clock.now()
PAGES, ENTRIES = 50, 100  # of each bucket


@pytest.fixture
def pages_read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The pages that a scan reads of buckets in which every entry passes."""
    read: list[str] = []

    def query_pages(**request: Any) -> Iterator[dict[str, Any]]:
        bucket = request["ExpressionAttributeValues"][":dir"]["S"]
        for page in range(PAGES):
            read.append(bucket)
            yield {"Items": [{"pk": {"S": f"{bucket}/{page}/{entry}"}} for entry in range(ENTRIES)]}

    monkeypatch.setattr(dynamodb, "query_pages", query_pages)
    return read


def store(**directory: int) -> Store:
    return Store(id="demo", name="Demo", created_at=NOW, updated_at=NOW, directory=Directory(**directory))


def test_a_scan_ends_when_all_buckets_together_have_enough(pages_read: list[str]) -> None:
    found = directory_index.scan_words(store(buckets=4, written_buckets=4), Expression(), 1000)
    assert len(set(found)) == 1000
    # Ten pages have enough, and each bucket may be reading one more.
    assert 10 <= len(pages_read) <= 10 + 4


def test_a_scan_that_does_not_find_enough_reads_all(pages_read: list[str]) -> None:
    everybody = 4 * PAGES * ENTRIES
    growing = store(buckets=4, written_buckets=4, growing_from=2)
    assert len(directory_index.scan_words(growing, Expression(), everybody + 1)) == everybody
    assert len(pages_read) == 4 * PAGES
