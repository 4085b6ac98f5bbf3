"""The options of an import: their spellings, and what is none of them."""

import pytest

from clientela.csv.file_texts import FileRefusedError
from clientela.imports import import_options


@pytest.mark.parametrize("name", ["dry-run", "dry_run", "Dry-Run", "DRY_RUN", " dry_run "])
@pytest.mark.parametrize("value", ["true", "TRUE", "yes", "1", " True "])
def test_an_option_is_read_in_every_spelling(name: str, value: str) -> None:
    assert import_options.parse({name: value}).dry_run is True


def test_all_options_are_read() -> None:
    given = {"mode": "Create", "send_welcome": "no", "encoding": "Windows-1251", "delimiter": "Semicolon"}
    assert import_options.parse(given) == ("create", False, False, "cp1251", ";", None)
    assert import_options.parse({"delimiter": "\t"}).delimiter == "\t"


@pytest.mark.parametrize(
    ("value", "order"),
    [("dmy", "day_first"), ("MDY", "month_first"), ("y-m-d", "year_first"), ("D/M/Y", "day_first"), ("", None)],
)
def test_the_order_of_dates_is_an_option(value: str, order: str | None) -> None:
    assert import_options.parse({"date_order": value}).date_order == order


@pytest.mark.parametrize(
    ("name", "meant"),
    [("dryrun", "dry-run"), ("dry", None), ("dry-runs", "dry-run"), ("dry.run", "dry-run"), ("sendwelcome", "send-welcome"),
     ("send-welcom", "send-welcome"), ("modus", None), ("modes", "mode"), ("delimeter", "delimiter"), ("encodng", "encoding"),
     ("test", None)],
)  # fmt: skip
def test_a_name_that_is_no_option_refuses_the_file_and_names_the_one_that_was_meant(
    name: str, meant: str | None
) -> None:
    with pytest.raises(FileRefusedError) as refused:
        import_options.parse({name: "true"})
    assert repr(name) in str(refused.value)
    assert f"did you mean {meant}?" in str(refused.value) if meant else "the options are" in str(refused.value)


@pytest.mark.parametrize(
    "metadata",
    [{"dry_run": "perhaps"}, {"mode": "destroy"}, {"delimiter": "#"}, {"encoding": "rot13"}, {"date-order": "dym"},
     {"dry-run": "true", "dry_run": "false"}],
)  # fmt: skip
def test_a_value_that_is_not_understood_refuses_the_file(metadata: dict[str, str]) -> None:
    with pytest.raises(FileRefusedError):
        import_options.parse(metadata)


def test_what_upload_tools_write_by_themselves_is_no_option() -> None:
    assert import_options.parse({"mtime": "1763719200.5", "s3cmd-attrs": "uid:0"}) == import_options.ImportOptions()
