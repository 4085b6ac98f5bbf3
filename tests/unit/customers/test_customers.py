from datetime import timedelta
from typing import Any

import pytest

from clientela import clock
from clientela.customers import customer_input, customer_search, customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.errors import (
    BusyError,
    CustomerNotFoundError,
    EmailTakenError,
    GroupUnknownError,
    InvalidInputError,
    VersionConflictError,
)
from clientela.groups import groups
from clientela.stores.stores import Store
from clientela.table import dynamodb, records

NOW = clock.now()


def ana(store: Store, **fields: object) -> customers.Customer:
    return customers.create(
        store, NewCustomer.model_validate({"email": "Ana@Example.com", "name": "Ana Pérez"} | fields), NOW
    )


def test_a_created_customer_is_read_back_whole(store: Store) -> None:
    created = ana(
        store,
        billing_address={"street": "Calle 1", "country": "Spain", "phone": "911 222 333"},
        custom_fields={"vip": True, "shoe": 42.5},
    )
    read = customers.get(store, created.id)
    assert read.model_dump(mode="json") == created.model_dump(mode="json")
    assert read.billing_address
    assert (read.billing_address.country, read.billing_address.phone) == ("ES", "+34911222333")
    assert read.custom_fields == {"vip": True, "shoe": 42.5}


def test_a_new_customer_has_the_fields_in_the_order_of_the_model() -> None:
    """The dictionary that compresses stored customers has them in this order."""
    made = customers.build(NewCustomer(email="ana@example.com", name="Ana"), NOW, "merchant")
    assert list(made.__dict__) == list(Customer.model_fields)


def test_an_email_in_another_spelling_is_the_same_email(store: Store) -> None:
    created = ana(store)
    with pytest.raises(EmailTakenError):
        ana(store, email="ana@EXAMPLE.com")
    found = customers.find(store, " ANA@example.COM ", clock.now())
    assert found is not None
    assert found.id == created.id


def test_the_name_is_made_of_its_parts_and_follows_them(store: Store) -> None:
    created = ana(store, name=None, first_name="Ana", last_name="Pérez")
    assert created.name == "Ana Pérez"
    assert customers.patch(store, created.id, {"last_name": "Gil"}, NOW).name == "Ana Gil"


def test_a_patch_changes_what_it_names_and_null_empties(store: Store) -> None:
    created = ana(store, company="Acme", note="rings twice", billing_address={"city": "Madrid", "country": "ES"})
    changed = customers.patch(store, created.id, {"company": None, "billing_address": {"city": "Vigo"}}, NOW)
    assert (changed.company, changed.note) == (None, "rings twice")
    assert changed.billing_address
    assert (changed.billing_address.city, changed.billing_address.country) == ("Vigo", "ES")
    assert changed.version == 2


def test_a_patch_that_changes_nothing_writes_nothing(store: Store) -> None:
    created = ana(store)
    assert customers.patch(store, created.id, {"name": "Ana Pérez"}, NOW).version == created.version


def test_a_patch_of_an_old_version_is_refused(store: Store) -> None:
    created = ana(store)
    customers.patch(store, created.id, {"note": "first"}, NOW, version=1)
    with pytest.raises(VersionConflictError):
        customers.patch(store, created.id, {"note": "second"}, NOW, version=1)
    assert customers.get(store, created.id).note == "first"


@pytest.mark.parametrize(
    "patch", [{"email": None}, {"email": "not an address"}, {"unknown": 1}, {"groups": "vip"}, {"version": 7}]
)
def test_a_patch_with_bad_fields_is_refused_and_changes_nothing(store: Store, patch: dict[str, object]) -> None:
    created = ana(store)
    with pytest.raises(InvalidInputError) as refused:
        customers.patch(store, created.id, patch, NOW)
    assert refused.value.fields[0].pointer.startswith("/" + next(iter(patch)))
    assert customers.get(store, created.id) == created


def test_a_changed_email_frees_the_old_one_and_takes_the_new(store: Store) -> None:
    first, second = ana(store), ana(store, email="bea@example.com")
    with pytest.raises(EmailTakenError):
        customers.patch(store, second.id, {"email": "ana@example.com"}, NOW)
    customers.patch(store, first.id, {"email": "anna@example.com"}, NOW)
    assert customers.find(store, "ana@example.com", clock.now()) is None
    assert customers.patch(store, second.id, {"email": "ana@example.com"}, NOW).email == "ana@example.com"


def test_a_vat_id_is_pending_until_it_was_checked(store: Store) -> None:
    created = ana(store, vat_id="es b-1234567 4")
    assert (created.vat_id, created.vat_id_status) == ("ESB12345674", "pending")
    assert customers.patch(store, created.id, {"vat_id": None}, NOW).vat_id_status == "none"


def test_an_unknown_customer_is_not_found(store: Store) -> None:
    with pytest.raises(CustomerNotFoundError):
        customers.get(store, "cus_nobody")


def test_a_claim_whose_customer_was_never_put_is_free_again_after_a_minute(store: Store) -> None:
    lost = customers.build(NewCustomer(email="ana@example.com"), NOW, "merchant")
    customers.claim(store, lost).save()  # the process died here
    with pytest.raises(BusyError):
        ana(store)
    late = NOW + timedelta(seconds=61)
    created = customers.create(store, NewCustomer(email="Ana@example.com"), late)
    found = customers.find(store, "ana@example.com", late)
    assert found is not None
    assert found.id == created.id


def test_ones_own_claim_whose_reply_was_lost_is_recognised(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    write = dynamodb.write

    def write_and_lose_the_reply(*arguments: Any, **request: Any) -> dynamodb.Written:
        write(*arguments, **request)
        return write(*arguments, **request)  # as the client repeats the call

    monkeypatch.setattr(dynamodb, "write", write_and_lose_the_reply)
    assert customers.get(store, ana(store).id).name == "Ana Pérez"


def test_a_changed_email_has_yet_to_be_proven(store: Store) -> None:
    created = ana(store)
    customers.change(store, created.id, lambda c: c.model_copy(update={"email_status": "proven"}), NOW)
    assert customers.patch(store, created.id, {"email": "ANA@example.com"}, NOW).email_status == "proven"
    assert customers.patch(store, created.id, {"email": "anna@example.com"}, NOW).email_status == "unproven"


def test_an_address_book_holds_each_address_once_and_has_one_default(store: Store) -> None:
    home, work = {"street": "Calle 1", "country": "ES"}, {"street": "Calle 2", "country": "ES"}
    created = ana(store, shipping_addresses=[home, work])
    assert [address.is_default for address in created.shipping_addresses] == [True, False]
    same = customers.patch(store, created.id, {"shipping_addresses": [home, work]}, NOW)
    assert same.version == created.version
    second = customers.patch(store, created.id, {"shipping_addresses": [home, {**work, "is_default": True}]}, NOW)
    assert [address.is_default for address in second.shipping_addresses] == [False, True]
    for bad in ([home, {**home, "street": "CALLE 1"}], [{**home, "is_default": True}, {**work, "is_default": True}]):
        with pytest.raises(InvalidInputError) as refused:
            customers.patch(store, created.id, {"shipping_addresses": bad}, NOW)
        assert refused.value.fields[0].pointer == "/shipping_addresses"


def test_a_customer_too_large_for_the_table_is_refused_before(store: Store) -> None:
    line = "漢" * 200
    parts = dict.fromkeys(("name", "company", "street", "street2", "city", "region"), line)
    book = [{**parts, "postal_code": str(number)} for number in range(50)]
    with pytest.raises(InvalidInputError, match="190 KB"):
        ana(
            store,
            shipping_addresses=book,
            custom_fields={f"f{i}": "漢" * 1000 for i in range(50)},
            note="漢" * 5000,
            company=line,
        )
    assert customers.find(store, "ana@example.com", NOW) is None


def test_groups_and_tags_are_kept_once(store: Store) -> None:
    assert ana(store, tags=["a", "b", "a"]).tags == ["a", "b"]


def test_nobody_comes_into_a_group_that_is_not_there(store: Store) -> None:
    with pytest.raises(GroupUnknownError):
        ana(store, groups=["grp_nowhere"])
    created = ana(store)
    with pytest.raises(GroupUnknownError):
        customers.patch(store, created.id, {"groups": ["grp_nowhere"]}, NOW)


@pytest.mark.parametrize("changes", [[], "x", 7, None])
def test_a_patch_that_is_no_object_is_refused(store: Store, changes: Any) -> None:
    created = ana(store)
    with pytest.raises(InvalidInputError):
        customers.patch(store, created.id, changes, NOW)


def test_a_rule_that_is_stricter_since_does_not_stop_other_changes(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    created = ana(store, vat_id="ESB12345674", language="es")
    outdated = created.model_copy(update={"vat_id": "ESB00000000", "language": "??", "version": 2})
    records.put(customers.record(store, outdated))
    changed = customers.patch(store, created.id, {"note": "x"}, NOW)
    assert (changed.note, changed.vat_id, changed.language) == ("x", "ESB00000000", "??")
    with pytest.raises(InvalidInputError) as refused:
        customers.patch(store, created.id, {"vat_id": "ESB12345675"}, NOW)
    assert [field.pointer for field in refused.value.fields if field.pointer == "/vat_id"]


def test_a_customer_who_has_got_another_address_is_not_found_by_the_old_one(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    created, read = ana(store), customers.get

    def moved_between_the_reads(store: Store, customer_id: str) -> Customer:
        monkeypatch.setattr(customers, "get", read)
        return customers.patch(store, customer_id, {"email": "anna@example.com"}, NOW)

    monkeypatch.setattr(customers, "get", moved_between_the_reads)
    assert customers.find(store, "ana@example.com", NOW) is None
    assert customers.find(store, "anna@example.com", NOW) == read(store, created.id)


def test_a_void_claim_stops_no_change_of_email_and_no_member_of_a_group(store: Store) -> None:
    group = groups.create(store, groups.NewGroup(name="Trade", code="trade"), NOW)
    for address in ("lost@example.com", "gone@example.com"):
        customers.claim(store, customers.build(NewCustomer(email=address), NOW, "merchant")).save()
    late = NOW + timedelta(seconds=61)
    assert customers.create(store, NewCustomer(email="lost@example.com", groups=[group.id]), late).groups == [group.id]
    created = ana(store)
    assert customers.patch(store, created.id, {"email": "gone@example.com"}, late).email == "gone@example.com"


def test_an_address_comes_back_beside_one_that_was_made_of_it(store: Store) -> None:
    home, work = {"street": "Calle 1"}, {"street": "Calle 2"}
    created = ana(store, shipping_addresses=[home])
    moved = [{**work, "id": created.shipping_addresses[0].id}, home]
    book = customers.patch(store, created.id, {"shipping_addresses": moved}, NOW).shipping_addresses
    assert len({address.id for address in book}) == 2


@pytest.mark.parametrize("value", [2**53, -(2**53), 2**60 + 1, 1e300, "x" * 1001, [1], {"a": 1}, None])
def test_a_custom_field_that_cannot_be_kept_has_one_complaint(store: Store, value: object) -> None:
    with pytest.raises(InvalidInputError) as refused:
        customer_input.parse_new(store, {"email": "ana@example.com", "custom_fields": {"size": value}})
    (complaint,) = refused.value.fields
    assert (complaint.pointer, complaint.message.partition(" of ")[0]) == ("/custom_fields/size", "Use text")


@pytest.mark.parametrize("fields", [{f"f{n}": n for n in range(51)}, {"": 1}, {"x" * 61: 1}])
def test_custom_fields_have_limits(store: Store, fields: dict[str, int]) -> None:
    with pytest.raises(InvalidInputError) as refused:
        customer_input.parse_new(store, {"email": "ana@example.com", "custom_fields": fields})
    assert [field.pointer.startswith("/custom_fields") for field in refused.value.fields] == [True]


def test_numbers_come_back_as_they_went_in(store: Store) -> None:
    numbers = {"half": 0.5, "huge": 1e30, "whole": 9007199254740991, "none": 0}
    created = ana(store, custom_fields=numbers)
    assert customers.get(store, created.id).custom_fields == numbers
    assert customer_search.page(store, limit=1).items[0]["custom_fields"] == numbers


@pytest.mark.parametrize(
    "fields", [{"tags": ["a,b"]}, {"tags": ["a;b"]}, {"phone": "911222333"}, {"primary_group": "x"}]
)
def test_what_cannot_be_kept_is_named(store: Store, fields: dict[str, object]) -> None:
    created = ana(store)
    with pytest.raises(InvalidInputError) as refused:
        customers.patch(store, created.id, fields, NOW)
    assert refused.value.fields[0].pointer.startswith("/" + next(iter(fields)))
