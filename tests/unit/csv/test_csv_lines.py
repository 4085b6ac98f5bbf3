"""Lines: their ends and their sizes are exact, whatever the blocks and the bytes are."""

import io
import random

import pytest

from clientela.csv import csv_lines

ENDS = ["\n", "\r\n", "\r", "\r\r\n", "\n\r"]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "cp932", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("block", [1, 2, 3, 7, 64])
def test_lines_and_sizes_are_the_same_for_every_block(
    encoding: str, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_lines, "BLOCK_BYTES", block)
    generator = random.Random(block)
    words = {"cp1252": ["é", "x"], "cp932": ["山田", "ﾀ"]}.get(encoding, ["é", "𝄞", "日", "x"])
    text = "".join(generator.choice([*words, "", *ENDS]) for _ in range(300))
    content = text.encode(encoding)
    lines = list(csv_lines.read(io.BytesIO(content), encoding))
    assert "".join(line.text for line in lines) == text
    assert sum(line.size for line in lines) == len(content)
    assert all(line.text.rstrip("\r\n").count("\n") == 0 for line in lines)
    position = 0
    for line in lines:
        assert content[position : position + line.size].decode(encoding) == line.text
        position += line.size


def test_a_long_line_is_cut_and_its_size_is_that_in_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_lines, "BLOCK_BYTES", 100)
    monkeypatch.setattr(csv_lines, "MAX_BYTES", 1_000)
    monkeypatch.setattr(csv_lines, "KEPT_BYTES", 10)
    for encoding in ("utf-8", "cp1252", "utf-16-le"):
        content = ("short\r\n" + "é" * 5_000 + "\r\nlast").encode(encoding)
        first, long, last = csv_lines.read(io.BytesIO(content), encoding)
        assert (first.text, last.text) == ("short\r\n", "last")
        assert (long.fault, first.size + long.size + last.size) == ("record_too_long", len(content))
        assert long.text.startswith("éé")
        assert len(long.text) < 2_000


@pytest.mark.parametrize(("encoding", "content"), [("utf-8", b"a\nb\xff\xe9\nc\n"), ("cp1252", b"a\nb\x81\x9d\nc\n")])
def test_a_line_that_cannot_be_decoded_has_a_fault_and_its_size(encoding: str, content: bytes) -> None:
    lines = list(csv_lines.read(io.BytesIO(content), encoding))
    assert [(line.fault, line.size) for line in lines] == [("", 2), ("encoding_invalid", 4), ("", 2)]


def test_half_of_a_pair_in_utf_16_is_a_fault_of_its_line_alone() -> None:
    content = "a\n".encode("utf-16-le") + b"\x00\xd8" + "\nb\n".encode("utf-16-le")
    lines = list(csv_lines.read(io.BytesIO(content), "utf-16-le"))
    assert [(line.fault, line.size) for line in lines] == [("", 4), ("encoding_invalid", 4), ("", 4)]


@pytest.mark.parametrize("before", range(0, 300, 7))
def test_a_long_line_is_cut_wherever_the_blocks_begin(before: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_lines, "BLOCK_BYTES", 100)
    monkeypatch.setattr(csv_lines, "MAX_BYTES", 250)
    monkeypatch.setattr(csv_lines, "KEPT_BYTES", 10)
    content = b"x" * before + b"\n" + b"y" * 290 + b"\r\nlast"
    first, long, last = csv_lines.read(io.BytesIO(content), "utf-8")
    assert (long.text.rstrip(), long.fault, long.size) == ("y" * 10, "record_too_long", 292)
    assert first.size + long.size + last.size == len(content)
    assert last.text == "last"
