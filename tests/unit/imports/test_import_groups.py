"""Groups in an import: named by id, code or name, and deleted while it runs."""

import pytest
from tests.support import export_lines
from tests.support.import_runs import StateMachines, downloaded, imported

from clientela import clock
from clientela.customers import customer_search, customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.customers.customer_history import page as history_page
from clientela.exports.export_fields import StoreFacts
from clientela.groups import groups
from clientela.groups.groups import Group, NewGroup
from clientela.imports import import_jobs
from clientela.stores.stores import Store

NOW = clock.now()


def made(store: Store, code: str) -> Group:
    return groups.create(store, NewGroup(name=f"The {code} group", code=code), NOW)


def customer(store: Store, email: str) -> Customer:
    found = customers.find(store, email, NOW)
    assert found is not None
    return found


def test_customers_come_into_the_groups_that_their_cells_name(store: Store, machines: StateMachines) -> None:
    vip, trade = made(store, "vip"), made(store, "trade")
    ana = customers.create(store, NewCustomer(email="ana@example.com", groups=[trade.id], primary_group=trade.id), NOW)
    job = imported(store, machines, b"email,groups\nana@example.com,The VIP group\nbo@example.com,vip; gold; trade\n")
    assert (job.created, job.updated, job.rejected, job.warnings) == (1, 1, 0, 1)
    changed = customers.get(store, ana.id)
    assert (changed.groups, changed.primary_group) == ([vip.id], None)
    assert customer(store, "bo@example.com").groups == [vip.id, trade.id]
    (warning,) = downloaded(import_jobs.report_url(store, job.id, "warnings"))
    assert (warning["line"], warning["column"], warning["code"]) == ("3", "groups", "group_unknown")
    assert "“gold”" in warning["message"]


def test_a_group_that_is_deleted_while_it_is_imported_into_is_left_out_with_a_warning(
    store: Store, machines: StateMachines, monkeypatch: pytest.MonkeyPatch
) -> None:
    vip, trade, every = made(store, "vip"), made(store, "trade"), groups.list_all
    reads = []

    def deleted_after(store: Store) -> list[Group]:
        found = every(store)
        if not reads:
            groups.delete(store, vip.id, NOW)
        reads.append(found)
        return found

    monkeypatch.setattr(groups, "list_all", deleted_after)
    ana = customers.create(store, NewCustomer(email="ana@example.com"), NOW)
    job = imported(store, machines, b"email,groups\nana@example.com,vip\nbo@example.com,vip; trade\nci@example.com,\n")
    assert (job.status, job.created, job.unchanged, job.rejected, job.warnings) == ("succeeded", 2, 1, 0, 2)
    assert customers.get(store, ana.id) == ana
    assert customer(store, "bo@example.com").groups == [trade.id]
    assert len(reads) == 3  # for the chunk, and once for the new and once for the changed customers


def test_a_file_without_a_column_of_groups_reads_none(
    store: Store, machines: StateMachines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "list_all", lambda store: pytest.fail("read for nothing"))
    assert imported(store, machines, b"email\nana@example.com\n").created == 1


def test_an_export_goes_back_in_and_leaves_no_trace(store: Store, machines: StateMachines) -> None:
    codes = {group.id: group.code for group in (made(store, "vip"), made(store, "trade"))}
    new = NewCustomer(email="ana@example.com", groups=list(codes), primary_group=list(codes)[1], vat_id="ESB12345674")
    ana = customers.create(store, new, NOW)
    file = export_lines.file_of(customer_search.all_profiles(store), facts=StoreFacts(codes, "USD", "UTC"))
    job = imported(store, machines, file)
    assert (job.unchanged, job.warnings, job.rejected) == (1, 0, 0)
    assert customers.get(store, ana.id) == ana
    assert len(history_page(store, ana, clock.now()).items) == 1
