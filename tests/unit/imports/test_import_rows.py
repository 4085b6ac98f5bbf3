"""Import rows: what their cells change."""

from datetime import UTC, datetime

import pytest

from clientela.csv.csv_headers import recognise
from clientela.customers.customer_fields import Customer
from clientela.imports import import_rows
from clientela.imports.row_issues import RowRefusedError

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def created(**cells: str) -> import_rows.AppliedRow:
    columns = recognise(["email", *cells])
    return import_rows.create_customer(
        import_rows.parse_row(2, ["ana@example.com", *cells.values()], columns), "cus_1", columns, NOW
    )


def changed(before: Customer, **cells: str) -> import_rows.AppliedRow:
    columns = recognise(["email", *cells])
    return import_rows.change_customer(
        import_rows.parse_row(2, ["ana@example.com", *cells.values()], columns), before, columns
    )


@pytest.mark.parametrize(("cell", "flag"), [("yes", True), ("Sí", True), ("NEIN", False), ("0", False), ("Não", False)])
def test_yes_and_no_are_read_in_six_languages(cell: str, flag: bool) -> None:
    assert created(tax_exempt=cell).customer.tax_exempt is flag


def test_lists_are_split_and_keep_each_name_once() -> None:
    assert created(tags="a; b,a ;").customer.tags == ["a", "b"]


def test_a_phone_is_read_with_its_address_country() -> None:
    assert created(phone="911 222 333", country="Spain").customer.phone == "+34911222333"
    assert created(phone="'0911222333", country="Italia").customer.phone == "+390911222333"


def test_an_impossible_phone_is_left_out_with_a_warning_and_the_old_one_stays() -> None:
    before = created(phone="+34911222333", shipping_phone="+34911222333").customer
    applied = changed(before, phone="call me", shipping_phone="12")
    assert applied.customer == before
    assert [(note.column, note.code) for note in applied.warnings] == [
        ("phone", "phone_invalid"),
        ("shipping_phone", "phone_invalid"),
    ]


@pytest.mark.parametrize(
    ("field", "cell", "code"),
    [
        ("vat_id", "ESB12345670", "vat_id_invalid"),
        ("vat_id", "XX" + "1" * 40, "vat_id_invalid"),
        ("language", "klingonish", "language_invalid"),
        ("country", "Atlantis", "country_invalid"),
        ("shipping_country", "Atlantis", "country_invalid"),
    ],
)
def test_what_old_data_is_full_of_is_left_out_with_a_warning_and_the_old_value_stays(
    field: str, cell: str, code: str
) -> None:
    (note,) = created(**{field: cell, "name": "Ana"}).warnings
    assert (note.column, note.code) == (field, code)
    valid = {"vat_id": "ESB12345674", "language": "es", "country": "ES", "shipping_country": "FR"}
    before = created(**valid).customer
    applied = changed(before, **{field: cell})
    assert (applied.customer, [note.code for note in applied.warnings]) == (before, [code])


def test_an_address_of_which_nothing_is_left_is_none() -> None:
    assert created(country="Atlantis", billing_phone="12").customer.billing_address is None


def test_a_phone_beside_an_unreadable_country_is_read_with_the_known_one() -> None:
    before = created(country="ES").customer
    assert changed(before, country="Atlantis", phone="911222333").customer.phone == "+34911222333"


def test_a_national_vat_id_is_read_with_the_country_of_the_address_or_store() -> None:
    assert created(vat_id="0074311 015 7", country="Italia").customer.vat_id == "IT00743110157"
    columns = recognise(["email", "vat_id"])
    row = import_rows.parse_row(2, ["ana@example.com", "B-12345674"], columns)
    spain = import_rows.StoreContext(country="ES")
    before = import_rows.create_customer(row, "cus_1", columns, NOW, spain).customer
    assert (before.vat_id, before.vat_id_status) == ("ESB12345674", "pending")
    checked = before.model_copy(update={"vat_id_status": "unavailable"})
    assert import_rows.change_customer(row, checked, columns, spain).customer == checked
    wrong = import_rows.parse_row(2, ["ana@example.com", "B12345670"], columns)
    (note,) = import_rows.create_customer(wrong, "cus_1", columns, NOW, spain).warnings
    assert note.code == "vat_id_invalid"


def test_the_same_vat_id_again_is_no_change_also_where_the_registry_was_not_there() -> None:
    before = created(vat_id="ESB12345674").customer.model_copy(update={"vat_id_status": "unavailable"})
    assert changed(before, vat_id="es B-1234567 4").customer == before


def test_names_of_an_address_become_one() -> None:
    customer = created(**{"shipping.first_name": "Ana", "shipping.last_name": "Gil", "shipping.city": "Vigo"}).customer
    (address,) = customer.shipping_addresses
    assert (address.name, address.city, address.is_default) == ("Ana Gil", "Vigo", True)


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("2021-03-04", datetime(2021, 3, 4, tzinfo=UTC)),
        ("2021-03-04 05:06:07 UTC", datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC)),
        ("2021-03-04T05:06:07+02:00", datetime(2021, 3, 4, 3, 6, 7, tzinfo=UTC)),
    ],
)
def test_a_new_customer_is_as_old_as_the_file_says(cell: str, moment: datetime) -> None:
    assert created(created_at=cell).customer.created_at == moment


@pytest.mark.parametrize(
    ("field", "cell"),
    [
        ("status", "asleep"),
        ("tax_exempt", "perhaps"),
        ("name", "x" * 201),
    ],
)
def test_a_value_of_the_wrong_form_refuses_the_row_and_names_the_column(field: str, cell: str) -> None:
    with pytest.raises(RowRefusedError) as refused:
        created(**{field: cell})
    assert (refused.value.issue.column, refused.value.issue.code) == (field, "value_invalid")


@pytest.mark.parametrize("cell", ["soon", "31/02/2020", "0001-01-01T00:00:00+14:00", "99/99/2020"])
def test_a_date_that_cannot_be_read_is_left_out_with_a_warning(cell: str) -> None:
    applied = created(created_at=cell)
    assert applied.customer.created_at == NOW
    assert [(note.column, note.code) for note in applied.warnings] == [("created_at", "created_at_invalid")]


@pytest.mark.parametrize("cell", ["0000-00-00 00:00:00", "0000-00-00", "00/00/0000", "NULL", "-", ""])
def test_a_date_of_zeros_and_a_word_for_nothing_are_no_date(cell: str) -> None:
    applied = created(created_at=cell)
    assert (applied.customer.created_at, applied.warnings) == (NOW, [])


@pytest.mark.parametrize(
    ("cell", "accepts"),
    [("Subscribed", True), ("abonné", True), ("Abgemeldet", False), ("Désinscrit", False), ("suscrito", True), ("1.0", True),
     ("unsubscribed", False), ("opted-out", False), ("iscritta", True), ("dado de baja", False), ("NULL", None), ("-", None)],
)  # fmt: skip
def test_words_of_newsletters_are_read(cell: str, accepts: bool | None) -> None:
    applied = created(accepts_marketing=cell)
    assert (applied.customer.accepts_marketing, applied.warnings) == (accepts, [])


@pytest.mark.parametrize("cell", ["maybe", "transactional", "pending"])
def test_a_word_on_marketing_that_is_neither_yes_nor_no_is_unknown_with_a_warning(cell: str) -> None:
    applied = created(accepts_marketing=cell)
    assert applied.customer.accepts_marketing is None
    assert [note.code for note in applied.warnings] == ["accepts_marketing_invalid"]


@pytest.mark.parametrize(
    ("cell", "status"),
    [("1", "active"), ("0", "disabled"), ("Enabled", "active"), ("Aktiviert", "active"), ("ativado", "active"),
     ("inactivo", "disabled"), ("gesperrt", "disabled"),
     ("En attente", "pending"), ("ausstehend", "pending"), ("Approved", "active"), ("ativo", "active"), ("bloccato", "disabled")],
)  # fmt: skip
def test_status_words_of_other_systems_and_languages_are_read(cell: str, status: str) -> None:
    assert created(status=cell).customer.status == status


@pytest.mark.parametrize("cell", ["'08001", '="08001"', "08001"])
def test_a_postal_code_keeps_its_zeros(cell: str) -> None:
    assert created(zip=cell).customer.billing_address.postal_code == "08001"  # type: ignore[union-attr]


def test_numbers_of_pandas_are_codes() -> None:
    customer = created(zip="28001.0", phone="911222333.0", country="ES").customer
    assert (customer.billing_address.postal_code, customer.phone) == ("28001", "+34911222333")  # type: ignore[union-attr]


def test_tags_lose_the_quotes_of_mailchimp() -> None:
    assert created(tags='"VIP","B2B", plain').customer.tags == ["VIP", "B2B", "plain"]


@pytest.mark.parametrize("cell", ["NULL", "null", "\\N", "N/A", "nan", "-", "\u2014", "(null)"])
def test_words_for_nothing_are_nothing(cell: str) -> None:
    assert created(company=cell, last_name="Null").customer.company is None
    assert created(last_name="Null").customer.last_name == "Null"


def test_a_phone_is_never_read_with_the_stores_country_if_the_row_names_another() -> None:
    columns = recognise(["email", "phone", "country"])
    context = import_rows.StoreContext(country="ES")
    row = import_rows.parse_row(2, ["ana@example.com", "033 222 333", "Atlantis"], columns)
    applied = import_rows.create_customer(row, "cus_1", columns, NOW, context)
    assert applied.customer.phone is None
    assert {note.code for note in applied.warnings} == {"country_invalid", "phone_invalid"}
    row = import_rows.parse_row(2, ["ana@example.com", "033 222 333", "Bosnia and Herzegovina"], columns)
    assert import_rows.create_customer(row, "cus_1", columns, NOW, context).customer.phone == "+38733222333"


def test_a_guessed_encoding_does_not_replace_a_stored_text() -> None:
    columns = recognise(["email", "name"])
    before = created(name="Иван Петров").customer
    row = import_rows.parse_row(2, ["ana@example.com", "Èâàí"], columns)
    with pytest.raises(RowRefusedError) as refused:
        import_rows.change_customer(row, before, columns, import_rows.StoreContext(is_guess=True))
    assert (refused.value.issue.column, refused.value.issue.code) == ("name", "text_unreadable")
    assert import_rows.change_customer(row, before, columns).customer.name == "Èâàí"


def test_a_letter_that_another_program_could_not_read_replaces_no_text() -> None:
    before = created(name="José").customer
    with pytest.raises(RowRefusedError):
        changed(before, name="Jos\ufffd")
    assert created(name="Jos\ufffd").customer.name == "Jos\ufffd"


def test_an_escaped_formula_is_its_own_text_again() -> None:
    assert created(note="'=1+1").customer.note == "=1+1"


def test_of_two_columns_for_one_field_the_first_that_is_filled_counts() -> None:
    assert created(**{"Country Code": "", "Country": "Spain"}).customer.billing_address.country == "ES"  # type: ignore[union-attr]


def test_empty_cells_beyond_the_header_are_no_cells() -> None:
    columns = recognise(["email"])
    assert import_rows.parse_row(2, ["ana@example.com", "", " "], columns).canonical == "ana@example.com"
