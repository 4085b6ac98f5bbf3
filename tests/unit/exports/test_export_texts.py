"""Cells of free text: made once for each text of a file, in bounded memory."""

from clientela.exports import export_formats
from clientela.exports.export_texts import TextCells

ES = export_formats.of_spreadsheet("es")
TEXTS = ("Ana", "=1+1", "08001", 'say "x"', "a;b", "two\nlines", "", "28013", "'quoted'", "=1;\n")
CELLS = ("Ana", "'=1+1", "'08001", '"say ""x"""', '"a;b"', '"two\nlines"', "", "28013", "'quoted'", '"\'=1;\n"')


def test_texts_are_escaped_marked_and_quoted_as_the_format_wants_it() -> None:
    cells = TextCells(ES)
    cells.learn(TEXTS)
    assert tuple(cells.known[text] for text in TEXTS) == CELLS


def test_texts_learned_in_one_row_or_in_several_have_the_same_cells() -> None:
    cells = TextCells(ES)
    for text in TEXTS:
        cells.learn([text])
    assert tuple(cells.known[text] for text in TEXTS) == CELLS


def test_a_text_with_the_joint_in_it_does_not_change_its_neighbours() -> None:
    cells = TextCells(ES)
    cells.learn(["a\x1c=1", "08001", "Ana"])
    assert cells.known == {"a\x1c=1": "a\x1c'=1", "08001": "'08001", "Ana": "Ana"}


def test_remembered_texts_take_bounded_memory() -> None:
    cells, largest = TextCells(ES), 0
    for number in range(3000):
        cells.forget()
        cells.learn([f"{number:05000}"])
        largest = max(largest, sum(map(len, cells.known)))
    assert largest < 600_000
