"""The same import by Django and django-import-export in bulk mode: prints a line for each import.

It runs in an environment of its own (`make bench-imports`) and is started by `import_runs`. Its
fast settings are used: all customers are read at once, statements have 1,000 rows, unchanged rows
are skipped, no differences are shown and nothing is validated. The database is SQLite, whose work
is part of this process; the column `database` says how much of the time passed in calls of it.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django
from django.conf import settings

BATCH = 1_000  # rows of one statement, as many as a chunk of ours has


def main() -> None:
    """Import each file of the command line: `name=path …`."""
    with tempfile.TemporaryDirectory() as folder:
        database = {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{folder}/customers.sqlite3"}
        settings.configure(
            DATABASES={"default": database},
            INSTALLED_APPS=["import_export"],
            DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
            IMPORT_EXPORT_USE_TRANSACTIONS=True,
        )
        django.setup()
        import_file = _prepare()
        print("".join(f"{title:>13}" for title in ("", "all", "database", "peak")))
        for argument in sys.argv[1:]:
            name, _, path = argument.partition("=")
            _print_figures(name, lambda path=path: import_file(Path(path).read_text(encoding="utf-8")))


def _prepare() -> Callable[[str], Any]:
    """Create the table of customers; return the function that imports a file's text."""
    from django.db import connection, models
    from import_export import resources
    from import_export.instance_loaders import CachedInstanceLoader
    from tablib import Dataset

    class Customer(models.Model):
        email = models.EmailField(unique=True)
        name = models.CharField(max_length=200)
        phone = models.CharField(max_length=40)
        country = models.CharField(max_length=2)

        class Meta:
            app_label = "import_export"

    class CustomerResource(resources.ModelResource):
        class Meta:
            model = Customer
            fields = ("email", "name", "phone", "country")
            import_id_fields = ("email",)
            instance_loader_class = CachedInstanceLoader
            use_bulk = True
            batch_size = BATCH
            skip_unchanged = True
            skip_html_diff = True
            report_skipped = False

    with connection.schema_editor() as editor:
        editor.create_model(Customer)

    def import_file(text: str) -> Any:
        rows = Dataset().load(text, format="csv")
        return CustomerResource().import_data(rows, raise_errors=True).totals

    return import_file


def _print_figures(name: str, call: Callable[[], Any]) -> None:
    from django.db import connection

    in_database = 0.0

    def measure(execute: Any, *arguments: Any) -> Any:
        nonlocal in_database
        started = time.process_time()
        try:
            return execute(*arguments)
        finally:
            in_database += time.process_time() - started

    with connection.execute_wrapper(measure):
        started = time.process_time()
        totals = call()
        spent = time.process_time() - started
    count = sum(totals.values())
    done = {outcome: number for outcome, number in totals.items() if number}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    figures = (f"{spent * 1e6 / count:.1f}", f"{in_database * 1e6 / count:.1f}", f"{peak:.0f}")
    print("".join(f"{cell:>13}" for cell in (name, *figures)), f"   {done}", flush=True)


if __name__ == "__main__":
    main()
