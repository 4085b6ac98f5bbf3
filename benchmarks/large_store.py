"""`python -m benchmarks.large_store [customers]`: search, filter and grow a large store.

Prints the read units of each call, and the seconds that AWS's limit of 3,000 read units for each
bucket allows at best. The elapsed time is that of DynamoDB Local on this machine. Then the store
grows to twice as many buckets while two threads list, search and export it, and check the results.
"""

import argparse
import itertools
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import boto3
from local.dynamodb_local import dynamodb_local
from tests.support.schema import create_table

from benchmarks import sample_store
from benchmarks.environment import ENVIRONMENT, TABLE, prepare
from benchmarks.traffic import record_traffic
from clientela import clock
from clientela.customers import customer_search
from clientela.customers.customer_filter import CustomerFilter
from clientela.migrations import store_growth
from clientela.stores import stores
from clientela.stores.stores import Store

PARTITION = 3000  # read units a second
PAGE = 100
CASES: dict[str, CustomerFilter] = {
    "a rare word": CustomerFilter(query="04999"),
    "two words, one rare": CustomerFilter(query="gon 04999"),
    "end of a phone": CustomerFilter(query="35555"),
    "a word that nobody has": CustomerFilter(query="nobody-has-this"),
    "a word that many have": CustomerFilter(query="ana"),
    "a country": CustomerFilter(country="CZ"),
    "a facet that nobody has": CustomerFilter(tag="nobody-has-this"),
    "a country and a word": CustomerFilter(country="CZ", query="04999"),
    "spent at least 975": CustomerFilter(min_spent="975"),
}


def main() -> None:
    """Fill a store, print the units of searches, and grow it while it is used."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.large_store", description=__doc__)
    parser.add_argument("customers", nargs="?", type=int, default=200_000)
    customers = parser.parse_args().customers
    prepare()
    with dynamodb_local() as endpoint:
        os.environ.update(ENVIRONMENT, AWS_ENDPOINT_URL_DYNAMODB=endpoint)
        create_table(boto3.client("dynamodb"), TABLE, with_stream=False)
        store, started = sample_store.create_store(), time.monotonic()
        sample_store.fill(store, customers)
        _say(f"{customers:,} customers written in {time.monotonic() - started:.0f} s")
        for name, filter_ in CASES.items():
            _measure(name, store, filter_)
        _grow(store, customers)
        for name, filter_ in CASES.items():
            _measure(name, stores.read(store.id), filter_)


def _measure(name: str, store: Store, filter_: CustomerFilter) -> None:
    started = time.monotonic()
    with record_traffic() as traffic:
        found = len(customer_search.page(store, filter_=filter_, limit=PAGE).items)
    elapsed, buckets = time.monotonic() - started, store.directory.buckets
    at_best = traffic.read_units / buckets / PARTITION
    _say(
        f"{name:24}{found:5} found {traffic.read_units:9.1f} RU in {len(traffic.requests):4} requests,"
        f" {at_best:.2f} s at AWS's limit of {buckets} buckets, {elapsed:.1f} s here"
    )


def _grow(store: Store, customers: int) -> None:
    done, used = threading.Event(), Counter[str]()

    def use(number: int) -> None:
        while not done.is_set():
            known = stores.read(store.id)
            kind, check = _checks(known, customers)[number % 3]
            if not check():
                raise RuntimeError(f"{kind} was wrong with {known.directory}")
            used[f"{kind}, {'growing' if known.directory.growing_from else 'settled'}"] += 1
            number += 1

    with ThreadPoolExecutor(2) as threads:
        users = [threads.submit(use, number) for number in range(2)]

        def wait(_seconds: float) -> None:
            """Wait until both threads have begun anew: nobody else knows the old number."""
            for _ in range(2):
                seen = used.total()
                while used.total() < seen + 2 and not any(user.done() for user in users):
                    time.sleep(0.1)

        started, before = time.monotonic(), store.directory.buckets
        try:
            run = store_growth.grow(store.id, 2 * before, clock.now, 1e6, _report, wait)
        finally:
            done.set()
        for user in users:
            user.result()
    _say(
        f"grown to {2 * before} buckets in {time.monotonic() - started:.0f} s: {run.read:,} read, {run.changed:,} moved"
    )
    _say(f"used meanwhile, all right: {dict(used)}")


def _checks(store: Store, customers: int) -> list[tuple[str, Callable[[], bool]]]:
    """Return uses of the whole store, each with whether its result was right."""

    def export() -> bool:
        ids = Counter(item["pk"]["S"] for item in customer_search.all_profiles(store))
        return len(ids) == ids.total() == customers

    def search() -> bool:
        found = customer_search.page(store, filter_=CustomerFilter(query="04999"), limit=PAGE)
        return len(found.items) == sum("04999" in f"{number:05d}" for number in range(customers))

    def pages() -> bool:
        sort, cursor, listed = "-name", None, Counter[str]()
        for _ in range(20):
            page = customer_search.page(store, sort=sort, limit=PAGE, cursor=cursor)
            listed.update(customer["id"] for customer in page.items)
            cursor = page.next_cursor
        return len(listed) == listed.total() == 20 * PAGE

    return [("20 pages", pages), ("search", search), ("export", export)]


def _report(run: object) -> None:
    if next(_segments) % 8 == 7:
        _say(f"  {run}")


_segments = itertools.count()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
