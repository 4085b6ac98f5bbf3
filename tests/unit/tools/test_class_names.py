"""Names of classes: one class for each, so that a log line or a search finds the right one."""

import ast
from collections import defaultdict

from tests.support.template_file import PROJECT


def test_no_two_classes_have_the_same_name() -> None:
    places = defaultdict(list)
    for folder in ("layers/clientela", "cli", "functions", "local", "tools"):
        for file in sorted((PROJECT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.ClassDef):
                    places[node.name].append(str(file.relative_to(PROJECT)))
    assert len(places) > 200
    assert not {name: files for name, files in places.items() if len(files) > 1}
