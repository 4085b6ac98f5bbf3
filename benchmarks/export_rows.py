"""`python -m benchmarks.export_rows [customers]`: CPU to unpack a customer and write its row.

The formats take turns, so that other load on the machine affects all of them. What reads the table
is left out: `large_export` has it. If Django and django-import-export are installed, its export of
two columns from SQLite in memory takes its turn as a reference. Each turn begins with a new writer,
as each file does.
"""

import argparse
import importlib
import importlib.util
import itertools
import os
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks import sample_store
from benchmarks.environment import ENVIRONMENT
from clientela.customers import customer_records, stored_customers
from clientela.exports import export_columns, export_files, export_formats
from clientela.exports.export_fields import StoreFacts
from clientela.exports.export_rows import RowWriter
from clientela.table.dynamodb import Item

ROUNDS = 9
FACTS = StoreFacts({}, "EUR", "Europe/Madrid")
_PLAIN = {"times": "iso", "mark_texts": False}
FORMATS = {
    "plain: iso times, no marks": export_formats.of_spreadsheet("en-US").model_copy(update=_PLAIN),
    "spreadsheet en-US": export_formats.of_spreadsheet("en-US"),
    "spreadsheet es": export_formats.of_spreadsheet("es"),
    "spreadsheet de-CH": export_formats.of_spreadsheet("de-CH"),
}


def main(count: int) -> None:
    os.environ |= ENVIRONMENT
    store = sample_store.unstored_store()
    people = list(sample_store.people(store, count))
    items = [customer_records.record(store, customer).item() for customer in people]
    cases: dict[str, Callable[[], object]] = {"unpack alone": partial(_unpack, items)}
    cases |= {name: partial(_write, items, format_) for name, format_ in FORMATS.items()}
    if all(map(importlib.util.find_spec, ("django", "import_export"))):
        names = [(customer.email or "", customer.first_name or "") for customer in people]
        cases["Django, two columns"] = _of_django(names)
    times: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(ROUNDS):
        for name, case in cases.items():
            began = time.process_time()
            case()
            times[name].append((time.process_time() - began) / count * 1e6)
    columns = len(export_columns.names("customers"))
    print(f"{count:,} customers, {columns} columns, median of {ROUNDS} rounds")
    for name, found in times.items():
        print(f"{name:30}{statistics.median(found):6.1f} µs a row")


def _unpack(items: list[Item]) -> None:
    for item in items:
        stored_customers.load_raw(item)


def _write(items: list[Item], format_: export_formats.ExportFormat) -> None:
    writer = RowWriter("customers", export_columns.choose("customers", None), format_, FACTS)
    for block in itertools.batched(items, export_files.BLOCK_ITEMS, strict=False):
        writer.lines(block)


def _of_django(names: list[tuple[str, str]]) -> Callable[[], object]:
    """Return the export of e-mail and first name of these people."""
    django: Any = importlib.import_module("django")
    conf: Any = importlib.import_module("django.conf")
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
    apps = ["django.contrib.contenttypes", "django.contrib.auth", "import_export"]
    conf.settings.configure(DATABASES={"default": database}, INSTALLED_APPS=apps, USE_TZ=True)
    django.setup()
    importlib.import_module("django.core.management").call_command("migrate", verbosity=0)
    user = importlib.import_module("django.contrib.auth.models").User
    user.objects.bulk_create(
        [user(username=str(at), email=email, first_name=name) for at, (email, name) in enumerate(names)]
    )
    resources: Any = importlib.import_module("import_export.resources")
    resource = resources.modelresource_factory(user)
    resource.fields = {name: field for name, field in resource.fields.items() if name in ("email", "first_name")}
    return lambda: resource().export(user.objects.all()).csv


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("customers", type=int, nargs="?", default=20_000)
    main(parser.parse_args().customers)
