"""Records: a damaged one never swallows the rows after it."""

import io

import pytest

from clientela.csv import csv_lines, csv_records
from clientela.csv.csv_records import CsvRecord, RecordShape

SHAPE = RecordShape(",", 3, 0)


def read(text: str, shape: RecordShape = SHAPE, *, in_damage: bool = False) -> list[CsvRecord]:
    lines = csv_lines.read(io.BytesIO(text.encode()), "utf-8")
    return list(csv_records.records(lines, shape, 2, in_damage=in_damage))


def outcome(text: str, shape: RecordShape = SHAPE) -> list[tuple[int, object]]:
    """The cells of each valid record, the fault of each other."""
    return [(record.line, record.fault or csv_records.cells(record, shape.delimiter)) for record in read(text, shape)]


def test_a_quote_that_is_never_closed_costs_its_own_row() -> None:
    assert outcome('a@x.es,Ana,"La Taberna\nb@x.es,Bob,ok\nc@x.es,Carl,ok\n') == [
        (2, "quote_not_closed"),
        (3, ["b@x.es", "Bob", "ok"]),
        (4, ["c@x.es", "Carl", "ok"]),
    ]


def test_a_stray_quote_that_closes_another_one_puts_no_row_into_a_note() -> None:
    assert outcome('a@x.es,Ana,"unclosed\nb@x.es,Bob,ok\nc@x.es,Carl,27"\nd@x.es,Dan,x\n') == [
        (2, "quote_not_closed"),
        (3, ["b@x.es", "Bob", "ok"]),
        (4, ["c@x.es", "Carl", '27"']),
        (5, ["d@x.es", "Dan", "x"]),
    ]


def test_a_cell_of_several_lines_is_one_cell() -> None:
    text = 'a@x.es,Ana,"Ring twice,\nor write to ana@x.es,\n""please"""\nb@x.es,Bob,ok\n'
    assert outcome(text) == [
        (2, ["a@x.es", "Ana", 'Ring twice,\nor write to ana@x.es,\n"please"']),
        (5, ["b@x.es", "Bob", "ok"]),
    ]


def test_the_lines_of_a_damaged_cell_are_rejected_one_by_one_up_to_the_next_row() -> None:
    assert outcome('a@x.es,Ana,"one\ntwo\nnobody,Bo,x\nb@x.es,Bob,ok\n') == [
        (2, "quote_not_closed"),
        (3, "quote_not_closed"),
        (4, "quote_not_closed"),
        (5, ["b@x.es", "Bob", "ok"]),
    ]


def test_a_row_without_its_last_cells_ends_a_damage_too() -> None:
    assert outcome('a@x.es,Ana,"one\nb@x.es,Bob\n') == [(2, "quote_not_closed"), (3, ["b@x.es", "Bob"])]


def test_an_opening_quote_in_the_last_line_is_rejected_alone() -> None:
    assert outcome('a@x.es,Ana,ok\nb@x.es,"Bob,ok\n') == [(2, ["a@x.es", "Ana", "ok"]), (3, "quote_not_closed")]


def test_a_quote_that_is_closed_in_the_middle_of_a_later_cell_is_damage() -> None:
    assert outcome('a@x.es,"Ana\nMaria"x,ok\nb@x.es,Bob,ok\n') == [
        (2, "quote_not_closed"),
        (3, "quote_not_closed"),
        (4, ["b@x.es", "Bob", "ok"]),
    ]


def test_a_long_run_of_damaged_lines_is_read_once() -> None:
    text = 'a@x.es,Ana,"open\n' + '"x\n' * 400_000 + "b@x.es,Bob,ok\n"
    assert read(text)[-1].text == "b@x.es,Bob,ok\n"


def test_a_part_that_begins_in_a_damage_gives_the_same_records_as_the_whole() -> None:
    text = 'a@x.es,Ana,"one\ntwo,"2"\n"three\nb@x.es,Bob,ok\n'
    whole = read(text)
    for cut in range(1, len(whole)):
        rest = "".join(record.text for record in whole[cut:])
        again = read(rest, in_damage=whole[cut - 1].in_damage)
        assert [(record.text, record.fault) for record in again] == [
            (record.text, record.fault) for record in whole[cut:]
        ]


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ('a@x.es, "Ana Perez", "Acme"', ["a@x.es", "Ana Perez", "Acme"]),
        ('a@x.es, "Perez, Bob",  "Acme, Inc."', ["a@x.es", "Perez, Bob", "Acme, Inc."]),
        ('a@x.es,"Ana" ,"x" ', ["a@x.es", "Ana", "x"]),
        ('a@x.es,27",5" x', ["a@x.es", '27"', '5" x']),
        ('a@x.es, "Big" Bob,x', ["a@x.es", ' "Big" Bob', "x"]),
    ],
)
def test_blanks_around_quotes_and_quotes_inside_cells_are_read(text: str, cells: list[str]) -> None:
    assert outcome(text) == [(2, cells)]


def test_nul_and_text_after_a_quote_reject_their_record() -> None:
    for text, code in (("a@x.es,A\0na,x", "nul"), ('a@x.es,"Ana"b,x', "malformed")):
        (record,) = read(text)
        with pytest.raises(csv_records.RecordError) as refused:
            csv_records.cells(record, ",")
        assert (refused.value.line, refused.value.code) == (2, code)


def test_a_list_of_addresses_alone_is_split_after_a_damage() -> None:
    assert outcome('"a@x.es\nb@x.es\n', RecordShape(",", 1, 0)) == [(2, "quote_not_closed"), (3, ["b@x.es"])]


@pytest.mark.parametrize("end", ['"\n', ""])
def test_an_endless_cell_of_many_lines_is_one_rejected_row_and_the_next_row_is_read(end: str) -> None:
    content = (
        'email,name,note\nana@example.com,Ana,"' + "x\n" * 600_000 + end + "bo@example.com,Bo,hi\ncy@example.com,Cy\n"
    )
    shape = csv_records.RecordShape(",", 3, 0)
    lines = csv_lines.read(io.BytesIO(content.encode()), "utf-8")
    found = list(csv_records.records(lines, shape))
    assert [(record.line, record.fault) for record in found[:2]] == [(1, ""), (2, "record_too_long")]
    assert [record.text for record in found[2:]] == ["bo@example.com,Bo,hi\n", "cy@example.com,Cy\n"]
    assert sum(record.size for record in found) == len(content)
    assert len(found[1].text) < 100


NOTE_FIRST = RecordShape(",", 3, 1)


@pytest.mark.parametrize("name", ["Ana", '"Ana\nMaria"', '"Ana, M."'])
def test_a_first_cell_of_several_lines_is_one_cell(name: str) -> None:
    assert outcome(f'"Ring twice,\nplease",a@x.es,{name}\nx,b@x.es,Bob\n', NOTE_FIRST) == [
        (2, ["Ring twice,\nplease", "a@x.es", name.strip('"')]),
        (4 + name.count("\n"), ["x", "b@x.es", "Bob"]),
    ]


def test_a_stray_quote_in_first_cells_puts_no_row_into_a_note() -> None:
    assert outcome('"unclosed,a@x.es,Ana\nx,b@x.es,Bob\n27",c@x.es,Carl\n', NOTE_FIRST) == [
        (2, "quote_not_closed"),
        (3, ["x", "b@x.es", "Bob"]),
        (4, ['27"', "c@x.es", "Carl"]),
    ]
    assert outcome('"unclosed,a@x.es,Ana\n27",c@x.es,Carl\n', NOTE_FIRST) == [
        (2, "quote_not_closed"),
        (3, ['27"', "c@x.es", "Carl"]),
    ]
    shifted = outcome('",ES,a@x.es,Ana\n27",c@x.es,Carl,ES\n', RecordShape(",", 4, 1))
    assert shifted == [(2, "quote_not_closed"), (3, ['27"', "c@x.es", "Carl", "ES"])]


@pytest.mark.parametrize("row", ['b@x.es,Bo,",ES', 'Bo,ES,b@x.es,"'])
def test_a_damaged_or_shifted_row_never_ends_in_the_note_of_another_one(row: str) -> None:
    shape = RecordShape(",", 4, 0)
    found = outcome(f'a@x.es,Ana,"unclosed,ES\n{row}\nc@x.es,Carl,ok,ES\n', shape)
    assert found[0] == (2, "quote_not_closed")
    assert found[-1] == (4, ["c@x.es", "Carl", "ok", "ES"])


@pytest.mark.parametrize(
    "row", ['"Ring twice,\nplease",a@x.es,Ana', '"one\ntwo","a@x.es",Ana', '"one\n\n\ntwo",a@x.es,"Ana\nMaria"']
)
def test_a_row_of_several_lines_ends_a_damage(row: str) -> None:
    found = read(f'x",";"bar\nnobody,"\n{row}\nx,b@x.es,Bob\n', NOTE_FIRST, in_damage=True)
    assert [record.fault for record in found][-2:] == ["", ""]
    assert csv_records.cells(found[-2], ",")[1] == "a@x.es"
    assert csv_records.cells(found[-1], ",") == ["x", "b@x.es", "Bob"]


def test_in_a_damage_few_lines_are_read_ahead() -> None:
    text = '"open\n' * 3_000
    found = read(text + "x,b@x.es,Bob\n", NOTE_FIRST, in_damage=True)
    assert len(found) == 3_001
    assert not found[-1].fault
