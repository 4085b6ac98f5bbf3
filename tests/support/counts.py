"""What functions wrote down for CloudWatch, as it reads their logs."""

import json
from collections import Counter

import pytest


def counted(capsys: pytest.CaptureFixture[str]) -> dict[str, int]:
    """The sum of each metric in the output since the last look."""
    sums: Counter[str] = Counter()
    for text in capsys.readouterr().out.splitlines():
        line = json.loads(text)
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
            for metric in directive["Metrics"]:
                sums[metric["Name"]] += int(sum(line[metric["Name"]]))
    return dict(sums)
