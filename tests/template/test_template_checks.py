"""What Checkov reads: it knows neither SAM's transform nor loops, so it gets the processed templates."""

import json
from pathlib import Path

from tests.support.template_file import resources
from tools.template_checks.__main__ import write


def test_checkov_sees_every_resource(tmp_path: Path) -> None:
    write(tmp_path)
    written = {file.stem: json.loads(file.read_text("utf-8"))["Resources"] for file in tmp_path.iterdir()}
    assert written.keys() == {"template", "alarms", "dashboards", "edge"}
    functions = {name for name, body in written["template"].items() if body["Type"] == "AWS::Lambda::Function"}
    assert functions == resources("AWS::Serverless::Function").keys()
    bodies = [(name, body) for each in written.values() for name, body in each.items()]
    assert [name for name, body in bodies if not isinstance(body, dict) or "Serverless" in body["Type"]] == []
    assert {"FailedMessagesordersdeadletters", "FailedMessagesfailedcalls"} <= written["alarms"].keys()
