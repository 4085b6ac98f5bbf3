"""The content of an export: rows of a range of its customers, written to one object."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from clientela.customers.customer_filter import CustomerFilter
from clientela.customers.directory_walks import EVERYBODY, KeyRange
from clientela.exports import export_changes, export_columns, export_files, export_rows, export_sources
from clientela.exports.change_windows import ChangeWindow
from clientela.exports.export_changes import ChangedWalk
from clientela.exports.export_columns import What
from clientela.exports.export_completeness import CompleteWalk
from clientela.exports.export_files import FileSummary
from clientela.exports.export_formats import ExportFormat
from clientela.exports.export_jobs import ExportJob
from clientela.groups import groups
from clientela.schema.documents import Model
from clientela.schema.fields import Timestamp
from clientela.stores import store_existence
from clientela.stores.stores import Store


class Manifest(Model):
    """The document next to an export's file."""

    export: str
    file: str
    rows: int
    size: int
    sha256: str
    what: What
    columns: list[str]
    filter: CustomerFilter
    format: ExportFormat
    timezone: str  # of local times
    changes: ChangeWindow | None = None
    removed_file: str | None = None
    removed: int | None = None
    started: Timestamp
    finished: Timestamp


class FilterGroupDeletedError(RuntimeError):
    """The group of an export's filter is gone. To repeat the export does not help."""


def require_group(store: Store, job: ExportJob) -> None:
    """Raise FilterGroupDeletedError if the group of the job's filter was deleted.

    An empty file would look like a group without members.

    Cost: 1 to 2.5 read units if the filter names a group.
    """
    if job.filter.group and groups.find(store, job.filter.group) is None:
        raise FilterGroupDeletedError("The group of the filter was deleted.")


def write_rows(
    store: Store, job: ExportJob, key: str, within: KeyRange = EVERYBODY, *, with_header: bool = True
) -> FileSummary:
    """Write the rows of a range of the job's customers to an object. None may be missing.

    Raises:
        ExportIncompleteError: rows and customers differ in number; no object is left.
        StoreNotFoundError: the store was deleted meanwhile; no object is left.

    Cost: half a read unit per 4 KB of the directory index, twice, and of the profile of each
    customer with orders; in an export of changes, of their entries in the log and of each profile.
    Orders: also as `export_sources.items`.
    """
    walk = _walk(store, job, within)
    items = store_existence.require_while(store.id, export_sources.items(store, job, walk, within))
    writer = export_rows.writer(store, job)

    def check() -> None:
        walk.require_complete()
        store_existence.require(store.id)  # a deletion that began after this sweeps the object away

    return export_files.write(key, items, writer, check, with_header=with_header)


def complete(store: Store, job: ExportJob, summary: FileSummary, read_clock: Callable[[], datetime]) -> dict[str, Any]:
    """Write the list of removed customers, and then the manifest; return the job's new fields.

    The manifest is written last: its presence means that the files are complete.
    """
    names = {"file": export_files.file_key(store.id, job.id, job.created_at, job.what)}
    removals = _write_removals(store, job, job.changes) if job.changes else {}
    finished_at = read_clock()
    manifest = Manifest(
        export=job.id,
        what=job.what,
        columns=[column.name for column in export_columns.choose(job.what, job.columns)],
        filter=job.filter,
        changes=job.changes,
        format=export_rows.format_of(store, job),
        timezone=store.timezone,
        started=job.started_at or job.created_at,
        finished=finished_at,
        **summary._asdict(),
        **names,
        **removals,
    )
    key = export_files.manifest_key(store.id, job.id, job.created_at, job.what)
    export_files.write_manifest(key, manifest)
    return {**summary._asdict(), **names, **removals, "manifest": key, "finished_at": finished_at}


def _walk(store: Store, job: ExportJob, within: KeyRange) -> CompleteWalk | ChangedWalk:
    if job.changes:
        return ChangedWalk(store, job.filter, job.changes, within)
    return CompleteWalk(store, job.filter, within, job.started_at or job.created_at)


def _write_removals(store: Store, job: ExportJob, changes: ChangeWindow) -> dict[str, Any]:
    key = export_files.removals_key(store.id, job.id, job.created_at, job.what)
    return {"removed_file": key, "removed": export_changes.write_removals(store, changes, key)}
