"""The guards, each with its text in the code, what stands in its place, and the tests that miss it.

Without its guard each of these loses or doubles something if two writers meet, a reply is lost or a
process dies. If the text of a guard changes, change it here too.
"""

from typing import NamedTuple

_ROOMS = "layers/clientela/clientela"
_ORDERS = "tests/unit/orders/test_order_guards.py"
_LIFECYCLE = "tests/unit/lifecycle/test_lifecycle_guards.py"
_KEYS = "tests/unit/stores/test_api_keys.py"
_AUDIT = "tests/unit/stores/test_audit_trail.py"
_RACES = "tests/integration/test_erasure_races.py"
_LINKS = "tests/unit/sign_in/test_link_sign_in.py"
_LOST = "tests/integration/test_lost_replies.py"
_FILTERS = "tests/unit/lifecycle/test_filter_erasure.py"
_SCHEDULES = "tests/unit/exports/test_export_schedules.py"
_ENTRIES = "tests/unit/exports/test_scheduler_entries.py"
_IMPORTS = "tests/unit/imports/test_import_guards.py"


class Mutant(NamedTuple):
    """A guard, by the harm without it."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


MUTANTS = [
    Mutant(
        "an order that comes at the end of a merge is lost",
        f"{_ROOMS}/lifecycle/merges.py",
        "write.delete(record(store, source), CustomerRecord.version == source.version, BusyError())",
        "write.delete(record(store, source))",
        (_LIFECYCLE,),
    ),
    Mutant(
        "a change of the target is lost in a merge",
        f"{_ROOMS}/customers/customers.py",
        "follow_up=follow_up), CustomerRecord.version == before.version, BusyError()",
        "follow_up=follow_up)",
        (_LIFECYCLE,),
    ),
    Mutant(
        "the newest version is lost when an order moves",
        f"{_ROOMS}/orders/order_records.py",
        "write.delete(old, OrderRecord.version == old.version, stale)",
        "write.delete(old)",
        (_ORDERS,),
    ),
    Mutant(
        "an order written alone replaces a later version",
        f"{_ROOMS}/orders/orders.py",
        "records.put(record, OrderRecord.version == stored.version, BusyError())",
        "records.put(record)",
        (_ORDERS,),
    ),
    Mutant(
        "an unclaimed order is never adopted",
        f"{_ROOMS}/orders/orders.py",
        "write.check(EmailClaim, keys.email(store.id, email), keys.CLAIM, is_unclaimed, EmailTakenError())",
        "del is_unclaimed",
        (_ORDERS,),
    ),
    Mutant(
        "an order is stored twice",
        f"{_ROOMS}/orders/order_records.py",
        "write.put_record(reference, OrderReference.pk.does_not_exist(), stale)",
        "write.put_record(reference)",
        (_ORDERS,),
    ),
    Mutant(
        "the money record of an erased order is an old version",
        f"{_ROOMS}/lifecycle/erasure_sweep.py",
        'is_same = OrderRecord.version == int(item["version"]["N"]) if "order" in item else Record.pk.exists()',
        "is_same = Record.pk.exists()",
        (_LIFECYCLE,),
    ),
    Mutant(
        "an erasure leaves the person's ids in the audit trail",
        f"{_ROOMS}/lifecycle/erasure_sweep.py",
        "        audit_trail.hide_customers(work.store, merged)",
        "        pass",
        ("tests/unit/lifecycle/test_erasures_of_former_identities.py",),
    ),
    Mutant(
        "a secret that a rotation gave out is dead",
        f"{_ROOMS}/stores/key_changes.py",
        "write.update(record, actions, is_same, BusyError())",
        "write.update(record, actions)",
        (_KEYS,),
    ),
    Mutant(
        "a rotation that is repeated ends the secret in use",
        f"{_ROOMS}/stores/key_changes.py",
        "earlier = [*api_keys.earlier_secrets(record, now), ",
        "earlier = [",
        (_KEYS,),
    ),
    Mutant(
        "a weak key rotates one that becomes stronger meanwhile",
        f"{_ROOMS}/stores/key_changes.py",
        "is_same = (KeyRecord.secret_hash == record.secret_hash) & api_keys.is_unchanged(record)",
        "is_same = KeyRecord.secret_hash == record.secret_hash",
        (_KEYS,),
    ),
    Mutant(
        "a weak key revokes one that becomes stronger meanwhile",
        f"{_ROOMS}/stores/key_changes.py",
        "write.delete(record, api_keys.is_unchanged(record), BusyError())",
        "write.delete(record)",
        (_KEYS,),
    ),
    Mutant(
        "one of two changes of an API key is lost",
        f"{_ROOMS}/stores/key_changes.py",
        "write.update(record, [KeyRecord.key.set(after), next_version], api_keys.is_unchanged(record), BusyError())",
        "write.update(record, [KeyRecord.key.set(after), next_version])",
        (_KEYS,),
    ),
    Mutant(
        "one of two changes of the settings is lost",
        f"{_ROOMS}/stores/stores.py",
        "write.put_record(_record(after), StoreRecord.version == before.version, stale)",
        "write.put_record(_record(after))",
        ("tests/unit/stores/test_stores.py",),
    ),
    Mutant(
        "one of two changes of a group is lost",
        f"{_ROOMS}/groups/groups.py",
        "write.put_record(_record(store, after), GroupRecord.version == before.version, stale)",
        "write.put_record(_record(store, after))",
        ("tests/unit/groups/test_groups.py",),
    ),
    Mutant(
        "an export is written twice",
        f"{_ROOMS}/exports/export_jobs.py",
        "records.put(after, ExportRecord.version == record.version, VersionConflictError(), is_bookkeeping=True)",
        "records.put(after, is_bookkeeping=True)",
        ("tests/unit/exports/test_export_jobs.py",),
    ),
    Mutant(
        "a part of an export counts twice",
        f"{_ROOMS}/exports/export_part_records.py",
        "records.put(part, PartRecord.pk.does_not_exist(), PartWrittenError())",
        "records.put(part)",
        ("tests/unit/exports/test_export_parts.py",),
    ),
    Mutant(
        "a step of an earlier run of an export works on the present one",
        f"{_ROOMS}/exports/export_runs.py",
        'if record.status == "running" and record.run == run else None',
        'if record.status == "running" else None',
        ("tests/unit/exports/test_export_parts.py",),
    ),
    Mutant(
        "a change that is written to the log late is lost",
        f"{_ROOMS}/customers/change_log.py",
        "(clock.format_timestamp(edge - SETTLED) for edge in (since, until))",
        "(clock.format_timestamp(edge) for edge in (since, until))",
        ("tests/unit/customers/test_change_log.py",),
    ),
    Mutant(
        "a chunk of an import is counted twice",
        f"{_ROOMS}/imports/import_load.py",
        "write.put_record(progress, is_open, _AlreadyDoneError())",
        "write.put_record(progress)",
        ("tests/unit/imports/test_import_jobs.py",),
    ),
    Mutant(
        "a slow run undoes the end of a bulk job",
        f"{_ROOMS}/bulk/bulk_jobs.py",
        "records.put(after, BulkRecord.version == record.version, stale, is_bookkeeping=True)",
        "records.put(after, is_bookkeeping=True)",
        ("tests/unit/bulk/test_bulk_jobs.py",),
    ),
    Mutant(
        "a run of a bulk job brings back a filter that names an erased person",
        f"{_ROOMS}/bulk/bulk_jobs.py",
        '"version": record.version + 1, **changes}',
        '"version": record.version, **changes}',
        (_FILTERS,),
    ),
    Mutant(
        "a change of a schedule is lost when an erasure hides a person in it",
        f"{_ROOMS}/exports/export_schedules.py",
        "write.put_record(_record(store, after), ScheduleRecord.version == before.version, BusyError())",
        "write.put_record(_record(store, after))",
        (_FILTERS,),
    ),
    Mutant(
        "one of two changes of a schedule is lost",
        f"{_ROOMS}/exports/export_schedules.py",
        "write.put_record(_record(store, after), ScheduleRecord.version == before.version, stale)",
        "write.put_record(_record(store, after))",
        (_SCHEDULES,),
    ),
    Mutant(
        "a schedule that is deleted twice at once counts twice",
        f"{_ROOMS}/exports/export_schedules.py",
        "write.delete(_record(store, schedule), ScheduleRecord.version == schedule.version, BusyError())",
        "write.delete(_record(store, schedule))",
        (_SCHEDULES,),
    ),
    Mutant(
        "a reverted change of an e-mail is made again",
        f"{_ROOMS}/email_changes/email_changes.py",
        "write.update(change, [consumed], mailed_proofs.is_open(now), BusyError())",
        "write.update(change, [consumed])",
        ("tests/unit/email_changes/test_email_changes.py",),
    ),
    Mutant(
        "a write whose reply was lost is taken for a conflict",
        f"{_ROOMS}/table/records.py",
        'return written.item is not None and written.item.get("mark") == {"S": mark}',
        "return False",
        (_LOST,),
    ),
    Mutant(
        "a counter counts a repeated call twice",
        f"{_ROOMS}/table/records.py",
        "condition=is_first if condition is None else condition & is_first",
        "condition=condition",
        (_LOST,),
    ),
    Mutant(
        "a deletion whose reply was lost is taken for a conflict",
        f"{_ROOMS}/table/records.py",
        "if not (written.done or (written.is_repeated and written.item is None)):",
        "if not written.done:",
        (_LOST,),
    ),
    Mutant(
        "a limit counts a repeated call twice",
        f"{_ROOMS}/table/rate_limits.py",
        " AND mark <> :mark",
        " AND pk <> :mark",
        (_LOST,),
    ),
    Mutant(
        "a transaction of staff leaves no entry in the audit trail",
        f"{_ROOMS}/table/transactions.py",
        "if self._audited and not self._has_audit_entry:",
        "if False:",
        (_AUDIT,),
    ),
    Mutant(
        "a single write of staff leaves no entry in the audit trail",
        f"{_ROOMS}/table/records.py",
        "if record.AUDITED and not is_bookkeeping:",
        "if False:",
        (_AUDIT,),
    ),
    Mutant(
        "a link that a later sign-in replaced opens a session",
        f"{_ROOMS}/sign_in/link_sign_in.py",
        "write.put_record(latest, LatestSignIn.pk.does_not_exist() | (LatestSignIn.at < request.issued_at))",
        "write.put_record(latest)",
        (_LINKS,),
    ),
    Mutant(
        "a mail brings back the request of somebody who was erased",
        f"{_ROOMS}/sign_in/link_requests.py",
        "records.update(request, changes, mailed_proofs.is_open(now), LinkUsedError())",
        "records.update(request, changes)",
        (f"{_RACES}::test_the_mail_of_a_link",),
    ),
    Mutant(
        "a refused sign-in brings back a deleted request",
        f"{_ROOMS}/sign_in/link_requests.py",
        "records.update(request, [consumed], mailed_proofs.is_open(now), BusyError())",
        "records.update(request, [consumed])",
        ("tests/unit/sign_in/test_link_requests.py",),
    ),
    Mutant(
        "a code has more than five tries",
        f"{_ROOMS}/sign_in/mailed_proofs.py",
        "is_left = condition & (MailedProofRecord.tries < MAX_TRIES)",
        "is_left = condition",
        (_LINKS,),
    ),
    Mutant(
        "a code is tried after its request was used",
        f"{_ROOMS}/sign_in/link_requests.py",
        "mailed_proofs.count_try(request, mailed_proofs.is_open(now))",
        "mailed_proofs.count_try(request, SignInRequest.pk.exists())",
        ("tests/unit/sign_in/test_link_requests.py",),
    ),
    Mutant(
        "a link asked for before an erasure is stored after it",
        f"{_ROOMS}/sign_in/link_sign_in.py",
        "        tombstones.require_not_erased_since(write, store, canonical, now)\n",
        "",
        (f"{_RACES}::test_a_link_that_is_asked_for",),
    ),
    Mutant(
        "the outcome of a mail is stored after an erasure",
        f"{_ROOMS}/sign_in/sign_in_events.py",
        "tombstones.require_not_erased_since(write, store, canonical, since or now)",
        "pass",
        (f"{_RACES}::test_the_mail_of_a_link",),
    ),
    Mutant(
        "a limit that was reached is noted after an erasure",
        f"{_ROOMS}/sign_in/sign_in_events.py",
        "        tombstones.require_not_erased_since(write, store, canonical, now)\n",
        "",
        (f"{_RACES}::test_a_link_that_is_asked_for_too_often",),
    ),
    Mutant(
        "the answer of a running request outlives an erasure",
        f"{_ROOMS}/table/idempotency.py",
        "records.put(record, RequestRecord.erasures == record.erasures, BusyError())",
        "records.put(record)",
        (f"{_RACES}::test_a_long_answer_that_is_stored_for_repetitions",),
    ),
    Mutant(
        "a second growth of a store takes the first one back",
        f"{_ROOMS}/migrations/store_growth.py",
        "if steps.index(store.directory) >= number:",
        "if store.directory == steps[number]:",
        ("tests/integration/test_store_growth.py::test_two_runs_at_once_never_go_back",),
    ),
    Mutant(
        "an entry of the Scheduler stays as a slower follower has left it",
        f"{_ROOMS}/exports/scheduler_entries.py",
        "        if seen == schedule:",
        "        if seen is not ...:",
        (_ENTRIES,),
    ),
    Mutant(
        "a schedule that fires twice starts its export twice",
        f"{_ROOMS}/exports/export_jobs.py",
        "write.put_record(record, ExportRecord.pk.does_not_exist(), VersionConflictError())",
        "write.put_record(record)",
        (
            "tests/integration/test_export_schedules.py::test_a_schedule_that_fires_many_times_at_once_starts_one_export",
        ),
    ),
    Mutant(
        "a store gets more schedules than it may have",
        f"{_ROOMS}/exports/export_schedules.py",
        "[ScheduleCount.number.add(1)], has_room, full)",
        "[ScheduleCount.number.add(1)])",
        (_SCHEDULES,),
    ),
    Mutant(
        "the run of a deleted schedule leaves a state",
        f"{_ROOMS}/exports/schedule_states.py",
        "write.check(Record, pk, job_keys.export_schedule(schedule_id), Record.pk.exists(), _ScheduleGoneError())",
        "pass",
        (_SCHEDULES,),
    ),
    Mutant(
        "a recorded run is lost when another one is recorded",
        f"{_ROOMS}/exports/schedule_states.py",
        "write.put_record(record, is_unchanged, BusyError())",
        "write.put_record(record)",
        ("tests/integration/test_export_schedules.py::test_runs_that_end_at_once_are_all_recorded",),
    ),
    Mutant(
        "the event of a file that comes twice resets its import",
        f"{_ROOMS}/imports/import_jobs.py",
        "write.put_record(new, ImportRecord.pk.does_not_exist(), StateChangedError())",
        "write.put_record(new)",
        (f"{_IMPORTS}::test_an_event_that_comes_twice_leaves_the_job_as_it_is",),
    ),
    Mutant(
        "an import is ended a second time, with another result",
        f"{_ROOMS}/imports/import_jobs.py",
        "return set_status(record, status, ~ImportRecord.status.is_in(*ENDED))",
        "return set_status(record, status, ImportRecord.pk.exists())",
        (f"{_IMPORTS}::test_a_late_failure_does_not_end_an_import_that_has_succeeded",),
    ),
    Mutant(
        "a cancelled import is started",
        f"{_ROOMS}/imports/import_marks.py",
        'return import_jobs.set_status(record, "running", ImportRecord.status == "planned")',
        'return import_jobs.set_status(record, "running", ImportRecord.pk.exists())',
        (f"{_IMPORTS}::test_a_cancelled_import_is_not_started_by_its_event",),
    ),
    Mutant(
        "a chunk is loaded after the cancel of its import",
        f"{_ROOMS}/imports/import_load.py",
        "progress.done or import_jobs.is_over(record):",
        "progress.done or import_jobs.has_ended(record):",
        (f"{_IMPORTS}::test_a_chunk_that_begins_after_the_cancel_loads_nothing",),
    ),
    Mutant(
        "an older version of a file is taken for the newest",
        f"{_ROOMS}/imports/file_versions.py",
        "condition = FileRecord.newest_job == before.newest_job if before else FileRecord.pk.does_not_exist()",
        "condition = FileRecord.pk.exists() | FileRecord.pk.does_not_exist()",
        (f"{_IMPORTS}::test_a_newer_version_that_comes_in_between_is_the_one_that_is_imported",),
    ),
    Mutant(
        "an older version of a file runs beside the newest",
        f"{_ROOMS}/imports/file_versions.py",
        "(FileRecord.newest_job == job_id) & is_free)",
        "is_free)",
        (f"{_IMPORTS}::test_an_older_version_does_not_take_the_file_while_a_newer_one_is_about_to",),
    ),
    Mutant(
        "the repeated end of an import releases the file of another",
        f"{_ROOMS}/imports/file_versions.py",
        "_set_running(record, None, FileRecord.running_job == job_id)",
        "_set_running(record, None, FileRecord.pk.exists())",
        (f"{_IMPORTS}::test_the_repeated_end_of_an_older_version_does_not_release_the_newer_one",),
    ),
    Mutant(
        "a second upload takes the place of the planned file",
        f"{_ROOMS}/imports/import_states.py",
        'set_status(record, "reading", ImportRecord.status == "awaiting_file", actions)',
        'set_status(record, "reading", ImportRecord.pk.exists(), actions)',
        (f"{_IMPORTS}::test_of_two_uploads_that_arrive_at_once_one_is_planned",),
    ),
    Mutant(
        "an import starts another plan than the one that was seen",
        f"{_ROOMS}/imports/import_states.py",
        "(ImportRecord.status == before.status) & (ImportRecord.plan == int(before.plan))",
        "ImportRecord.status == before.status",
        (f"{_IMPORTS}::test_a_plan_that_changes_while_it_is_started_is_outdated",),
    ),
    Mutant(
        "an expired plan is started",
        f"{_ROOMS}/imports/import_states.py",
        "(ImportRecord.status == before.status) & (ImportRecord.plan == int(before.plan))",
        "ImportRecord.plan == int(before.plan)",
        (f"{_IMPORTS}::test_a_plan_that_expires_while_it_is_started_stays_expired",),
    ),
    Mutant(
        "an import is cancelled twice",
        f"{_ROOMS}/imports/import_states.py",
        "    is_same &= ImportRecord.cancelled == bool(before.cancelled)\n",
        "",
        (f"{_IMPORTS}::test_two_cancels_at_once_are_one",),
    ),
    Mutant(
        "a cancelled import waits for its start again",
        f"{_ROOMS}/imports/import_marks.py",
        '(ImportRecord.status == "reading") & (ImportRecord.plan == int(record.plan))',
        "ImportRecord.plan == int(record.plan)",
        (f"{_IMPORTS}::test_an_import_that_is_cancelled_while_its_plan_is_made_stays_cancelled",),
    ),
    Mutant(
        "the late end of a plan is taken for that of the next one",
        f"{_ROOMS}/imports/import_marks.py",
        '(ImportRecord.status == "reading") & (ImportRecord.plan == int(record.plan))',
        'ImportRecord.status == "reading"',
        (f"{_IMPORTS}::test_the_late_end_of_a_plan_is_not_that_of_the_next_one",),
    ),
    Mutant(
        "an import is undone twice at once",
        f"{_ROOMS}/lifecycle/import_undo.py",
        "is_same: Condition = ImportRecord.undo_number == int(before.undo_number)",
        "is_same: Condition = ImportRecord.pk.exists()",
        (f"{_IMPORTS}::test_two_undos_at_once_are_one",),
    ),
    Mutant(
        "the late end of an undo is taken for that of the next one",
        f"{_ROOMS}/lifecycle/import_undo.py",
        "is_same: Condition = ImportRecord.undo_number == number",
        "is_same: Condition = ImportRecord.pk.exists()",
        (f"{_IMPORTS}::test_the_late_end_of_an_undo_is_not_that_of_the_next_one",),
    ),
    Mutant(
        "an undo removes a customer who has just been changed",
        f"{_ROOMS}/lifecycle/import_undo.py",
        "write.delete(record(self._store, customer), CustomerRecord.version == customer.version, BusyError())",
        "write.delete(record(self._store, customer))",
        (f"{_IMPORTS}::test_a_customer_who_is_changed_while_an_undo_looks_is_kept",),
    ),
    Mutant(
        "an import does something else than its plan",
        f"{_ROOMS}/imports/import_customers.py",
        "return _as_planned(ImportedCustomer(rows, before, customer, _with_repeats(rows, results, rules)), rules)",
        "return ImportedCustomer(rows, before, customer, _with_repeats(rows, results, rules))",
        ("tests/unit/imports/test_planned_imports.py",),
    ),
    Mutant(
        "a file is swept before its import has read it",
        f"{_ROOMS}/imports/source_sweep.py",
        'for each in found if each["LastModified"] <= before]',
        "for each in found]",
        ("tests/unit/imports/test_source_sweep.py",),
    ),
]
