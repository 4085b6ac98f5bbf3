"""deploy/dashboards.yaml: an overview with every figure that the functions count, and its details."""

import json
from itertools import combinations, pairwise
from typing import Any, get_args

import pytest
from tests.support.template_file import load, resources

from clientela.handlers import metrics

BODIES = {
    name: json.loads(body["Properties"]["DashboardBody"]["Fn::Sub"])
    for name, body in load("deploy/dashboards.yaml")["Resources"].items()
}
FUNCTIONS = {each["Properties"]["FunctionName"]["Fn::Sub"] for each in resources("AWS::Serverless::Function").values()}
SERVICE = load("template.yaml")["Globals"]["Function"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]


def shown(namespace: str) -> list[list[str]]:
    """The metrics of a namespace on the overview, each with its name and dimensions."""
    widgets = [widget for widget in BODIES["Overview"]["widgets"] if widget["type"] == "metric"]
    listed = [metric for widget in widgets for metric in widget["properties"]["metrics"]]
    return [metric[1:] for metric in listed if metric[0] == namespace]


def test_the_overview_shows_all_that_the_functions_count() -> None:
    assert sorted(metric[0] for metric in shown(metrics.NAMESPACE)) == sorted(get_args(metrics.Name.__value__))


def test_figures_are_looked_up_by_the_dimensions_that_they_have() -> None:
    for _, *dimensions in shown(metrics.NAMESPACE):
        named = dict(pair for number, pair in enumerate(pairwise(dimensions)) if number % 2 == 0)
        assert named.keys() == {"FunctionName", "service"}
        assert named["FunctionName"] in FUNCTIONS
        assert named["service"] == SERVICE


@pytest.mark.parametrize("name", BODIES)
def test_no_widget_covers_another(name: str) -> None:
    def cells(widget: dict[str, Any]) -> set[tuple[int, int]]:
        columns = range(widget["x"], widget["x"] + widget["width"])
        return {(x, y) for x in columns for y in range(widget["y"], widget["y"] + widget["height"])}

    widgets = BODIES[name]["widgets"]
    assert all(cells(one).isdisjoint(cells(other)) for one, other in combinations(widgets, 2))
    assert all(widget["x"] + widget["width"] <= 24 for widget in widgets)


@pytest.mark.parametrize(("name", "other"), [("Overview", "details"), ("Details", "overview")])
def test_each_dashboard_leads_to_the_other(name: str, other: str) -> None:
    assert f"dashboards:name=clientela-${{Stage}}-{other})" in BODIES[name]["widgets"][0]["properties"]["markdown"]


def test_logs_are_searched_where_functions_write_them() -> None:
    (query,) = [w["properties"]["query"] for w in BODIES["Details"]["widgets"] if w["type"] == "log"]
    groups = {part.split("'")[1] for part in query.split(" | ") if part.startswith("SOURCE")}
    assert groups <= {f"/aws/lambda/{name}" for name in FUNCTIONS}
