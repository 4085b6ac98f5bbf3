"""Reading order files: long lines, long files, a damaged resume state."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from clientela.aws import clients
from clientela_cli.sending import order_file, order_sender
from clientela_cli.sending.backpressure import Backpressure
from clientela_cli.sending.order_file import BEGINNING

ORDER = {
    "id": "1", "version": 1, "placed_at": "2026-11-21T10:00:00Z", "email": "ana@example.com", "currency": "EUR",
    "total": "49.90", "payment_status": "paid",
}  # fmt: skip


def test_memory_does_not_depend_on_the_length_of_the_file(
    aws: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """25 MB of messages, of which no more than 5 may be in memory at a time."""
    order = ORDER | {"items": [{"name": "x" * 480}] * 10}
    path = tmp_path / "long.jsonl"
    path.write_text(f"{json.dumps({'store_id': 'demo', 'order': order})}\n" * 5_000)
    sent: list[int] = []
    monkeypatch.setattr(clients.sqs(), "send_message_batch", lambda **call: sent.append(len(call["Entries"])) or {})
    reached = [BEGINNING]
    tracemalloc.start()
    try:
        order_file.check(path, "demo", lambda _: None)
        messages = order_file.checked_messages(path, BEGINNING)
        order_sender.send(
            messages, Backpressure("", 0), lambda position: reached.__setitem__(0, position), lambda _: None
        )
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (sum(sent), reached[0].messages, reached[0].offset) == (5_000, 5_000, path.stat().st_size)
    assert (path.stat().st_size > 25_000_000, peak < 5_000_000) == (True, True)


def test_a_line_of_any_length_is_read_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    path.write_bytes(b"x" * 3_000_000 + b"\n" + b" " * 400_000 + b"x\nlast")
    found = [(line.number, line.end, len(line.text)) for line in order_file.lines(path, BEGINNING)]
    assert found == [(1, 3_000_001, 262_149), (2, 3_400_003, 262_149), (3, 3_400_007, 4)]
