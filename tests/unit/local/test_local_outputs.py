"""outputs.json is complete or absent."""

from pathlib import Path

from local import outputs
from local.outputs import Outputs

OUTPUTS = Outputs(
    api_url="http://127.0.0.1:1/api",
    imports_bucket="imports",
    exports_bucket="exports",
    orders_queue_url="http://127.0.0.1:1/queue",
    table="table",
    event_bus="bus",
    mailbox_url="http://127.0.0.1:2",
    storefront_url="http://localhost:4",
    endpoint_url="http://127.0.0.1:1",
    region="us-east-1",
)


def test_outputs_are_read_as_written(tmp_path: Path) -> None:
    outputs.write(tmp_path, OUTPUTS)
    assert outputs.read(tmp_path) == OUTPUTS


def test_writing_leaves_one_file(tmp_path: Path) -> None:
    outputs.write(tmp_path, OUTPUTS)
    assert [file.name for file in tmp_path.iterdir()] == ["outputs.json"]


def test_there_are_no_outputs_before_and_after(tmp_path: Path) -> None:
    assert outputs.read(tmp_path) is None
    outputs.write(tmp_path, OUTPUTS)
    outputs.remove(tmp_path)
    outputs.remove(tmp_path)
    assert outputs.read(tmp_path) is None
