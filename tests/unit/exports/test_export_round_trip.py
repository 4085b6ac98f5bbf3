"""What an export writes, an import reads back unchanged, in the format of every spreadsheet."""

import csv
import io
import itertools
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.exports import content as exported
from tests.support.import_runs import StateMachines, imported
from tests.support.round_trips import read_back, written
from tests.support.template_file import PROJECT

from clientela import clock
from clientela.csv import csv_cells, csv_columns, csv_headers
from clientela.csv.csv_header_names import LANGUAGES
from clientela.customers import customers
from clientela.customers.customer_fields import Customer, NewCustomer
from clientela.exports import export_columns, export_formats, export_jobs, export_runs
from clientela.exports.export_formats import ExportFormat
from clientela.exports.export_requests import ExportRequest
from clientela.groups.groups import Group
from clientela.schema.text import trim
from clientela.stores import stores
from clientela.stores.stores import Store, StoreSettings

NOW = datetime(2026, 11, 21, 10, 0, 0, 123000, tzinfo=UTC)
SPREADSHEETS = ("en-US", "en-GB", "es", "es-MX", "it", "fr", "fr-CA", "de", "de-CH", "pt", "pt-BR")
PLAIN = ExportFormat(delimiter=",", decimal=".", header_language="en", bom=False, times="iso", mark_texts=False)
FORMATS = {
    **{name: export_formats.of_spreadsheet(name) for name in SPREADSHEETS},
    "plain": PLAIN,
    **{f"plain {name}": PLAIN.model_copy(update={"delimiter": sign}) for name, sign in (("tab", "\t"), ("pipe", "|"))},
    "comma and decimal comma": PLAIN.model_copy(update={"decimal": ",", "header_language": "es", "times": "local"}),
}
WITH_ALL_STRINGS = {"en-US", "es", "fr", "de"}  # the others differ little, and get a seventh of the strings
STORE = Store(
    id="demo", name="Demo", country="ES", currency="EUR", timezone="Europe/Madrid", created_at=NOW, updated_at=NOW
)
GROUPS = [
    Group(id=f"grp_{code}", name=name, code=code, created_at=NOW, updated_at=NOW)
    for code, name in (("vip", "VIP"), ("trade", "Trade; wholesale"))
]
NAUGHTY: list[str] = json.loads((PROJECT / "tests/data/naughty_strings/blns.json").read_text("utf-8"))
NASTY = (
    *("=1+1", "+1", "-1", "@x", "＝1", "＋1", "－1", "＠1", "'=1", "''", "'", "NULL", "'NULL", "N/A", "–", "-", "--"),  # noqa: RUF001
    *("08001", "'08001", "''08001", "1.0", "'1.0", "28001.0", "1-2", "1/2", "3.4", "1E5", "TRUE", "verdadero", "may 5"),
    *("10 %", "1,5", "1;5", "a;=1", "a,=1", "a|=1", "a\t=1", "a；＝1", 'a"b', '"quoted"', '""', '"', " x ", "x\ny", "a\r\n=b"),  # noqa: RUF001
    *("12345678901234567890", "0", "007", '="0123"', "#N/A", "sep=;", "x\nana@example.com", "x\nana@example.com,y"),
    *("x\n1,2,ana@example.com", "x\n'ana@example.com", "x\x1c=1", "=1\x1cx", "true", "sí", "no", "\ufeffx", "5 pm"),
)  # fmt: skip


def customer(**fields: Any) -> Customer:
    made = customers.build(NewCustomer.model_validate(fields), NOW, "merchant")
    return made.model_copy(update={"id": "cus_0"})


def nasty(number: int, text: str) -> Customer:
    line = text[:200]
    is_tag = not set(text) & set(",;") and 0 < len(text.strip()) <= 60
    address = {"name": line, "company": line, "street": line, "city": line, "region": line, "postal_code": text[:20]}
    return customer(
        email=f"n{number}@example.com",
        name=line,
        first_name=line,
        last_name=line,
        company=line,
        note=text,
        tags=[text, f"{text[:58]}x"] if is_tag else [],
        external_ids={"pos": line} if ";" not in line and line.strip() else {},
        custom_fields={"a": text[:1000], "b": 1, "c": 1.5, "d": True, line.strip()[:60] or "e": "x"},
        tax_exempt=True,
        tax_exemption={"reason": line, "jurisdiction": line, "expires_on": "2999-12-31"},
        accepts_marketing=bool(number % 2),
        marketing_consent={
            "state": "subscribed" if number % 2 else "unsubscribed",
            "source": line.strip() or "form",
            "wording": line,
            "at": "2026-10-25T01:30:00.500Z",
        },
        billing_address=address,
        shipping_addresses=[address | {"country": "DE"}],
    )


def made_of(texts: list[str]) -> list[Customer]:
    """Return customers made of texts; a blank text is an empty field, and no CSV file carries a NUL."""
    return [nasty(number, text) for number, text in enumerate(texts) if trim(text) and "\0" not in text]


@pytest.mark.parametrize("name", FORMATS)
def test_naughty_strings_come_back_as_they_were(name: str) -> None:
    people = made_of([*NASTY, *(NAUGHTY if name in WITH_ALL_STRINGS else NAUGHTY[::7])])
    file = written(STORE, people, FORMATS[name])
    found, issues = read_back(STORE, file, NOW)
    assert issues == []
    assert len(found) == len(people)
    same = {"name", "company", "note", "tags", "external_ids", "custom_fields", "billing_address", "tax_exemption"}
    for before, after in zip(people, found, strict=True):
        assert after.model_dump(include=same) == before.model_dump(include=same)
    assert written(STORE, found, FORMATS[name]) == file


@pytest.mark.parametrize("name", FORMATS)
def test_every_kind_of_field_comes_back(name: str) -> None:
    ana = customer(
        email="ana@example.com",
        first_name="Ana",
        last_name="Pérez",
        phone="+34911222333",
        language="pt-BR",
        status="pending",
        groups=["grp_trade", "grp_vip"],
        primary_group="grp_vip",
        tags=["vip", "two words"],
        external_ids={"shopify": "6543", "pos": "77"},
        vat_id="ESB12345674",
        tax_exempt=True,
        tax_exemption={"reason": "reseller", "jurisdiction": "ES", "expires_on": "2999-01-31"},
        accepts_marketing=True,
        marketing_consent={"state": "subscribed", "source": "form", "wording": "v2", "at": "2026-10-24T01:30:00Z"},
        custom_fields={"card": "L-1", "visits": 3, "share": 0.5, "is_staff": False, "empty": ""},
        billing_address={"street": "Calle 1", "postal_code": "08001", "country": "ES", "phone": "+34911222333"},
        shipping_addresses=[{"city": "Vigo", "country": "ES"}],
    )
    people = [ana, customer(email="ben@example.com", status="disabled", tax_exempt=False, accepts_marketing=False)]
    file = written(STORE, people, FORMATS[name], groups=GROUPS)
    found, issues = read_back(STORE, file, NOW, GROUPS)
    assert issues == []
    same = {*NewCustomer.model_fields} - {"shipping_addresses", "marketing_consent"}
    for before, after in zip(people, found, strict=True):
        assert after.model_dump(include=same) == before.model_dump(include=same)
    assert found[0].marketing_consent == ana.marketing_consent
    assert written(STORE, found, FORMATS[name], groups=GROUPS) == file


def test_the_customers_of_the_sample_come_back_through_the_table(aws: Any, machines: StateMachines) -> None:
    """Import, export, import into an empty store, export: the second file has the bytes of the first."""
    sample = (PROJECT / "tests/data/chinook/customers.csv").read_bytes()
    files = []
    for spreadsheet in ("en-US", "es", "de"):
        for content in (sample, None):
            store = stores.create(f"store-{len(files)}", StoreSettings(name="Demo", timezone="Europe/Madrid"), NOW)
            job = imported(store, machines, content or files[-1])
            assert (job.created, job.rejected) == (59, 0)
            wanted = ExportRequest(columns=list(export_columns.IMPORTABLE), spreadsheet=spreadsheet)
            done = export_runs.run(store, export_jobs.start(store, NOW, wanted).id, clock.now())
            files.append(exported(aws, done.file))
        assert files[-1] == files[-2]
        assert files[-1].count(b"\r\n") == 60


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_import_knows_every_header_beside_any_other(language: str) -> None:
    columns = export_columns.COLUMNS["customers"]
    fields = {column.header: column.field if column.parse else None for column in csv_columns.EXPORTED}
    headers = {column.name: export_columns.header("customers", column, language) for column in columns}
    assert len(set(headers.values())) == len(headers)
    for names in (
        list(headers),
        *(["email", name] for name in headers if name != "email"),
        *(["email", *pair] for pair in itertools.combinations([name for name in headers if "name" in name], 2)),
        ["email", "last_name", "name"],
        ["email", "first_name", "name", "billing_name"],
    ):
        found = csv_headers.recognise([headers[name] for name in names])
        assert [*found.fields] == [fields[name] for name in names], names
        assert not csv_headers.names_passwords(headers.values())


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(max_size=12), max_size=6), st.sampled_from(sorted(FORMATS)))
def test_a_row_is_what_the_csv_module_writes(texts: list[str], name: str) -> None:
    """The fast lines have the quotes of RFC 4180, and the cells of a call for each text."""
    format_ = FORMATS[name]
    cleaned = [trim(text.replace("\0", "")) for text in [*texts, *[""] * 6][:6]]
    fields = dict(zip(("name", "first_name", "last_name", "company", "note"), cleaned, strict=False))
    one = customer(email="ana@example.com").model_copy(update={key: text or None for key, text in fields.items()})
    line = written(STORE, [one], format_, ["email", *fields]).decode("utf-8-sig").split("\r\n", 1)[1]
    cells = [csv_cells.escape(text, mark=format_.mark_texts) for text in ("ana@example.com", *fields.values())]
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=format_.delimiter).writerow(cells)
    assert line == file.getvalue()
