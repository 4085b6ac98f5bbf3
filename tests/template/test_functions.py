"""Each function: its code, its own role and log group, its variables, its events."""

import ast
import re
from typing import Any

import pytest
from tests.support.template_file import PROJECT, resources, template

FUNCTIONS = resources("AWS::Serverless::Function")
DEFAULTS: dict[str, Any] = template()["Globals"]["Function"]
QUEUES = resources("AWS::SQS::Queue")
NAMES = set(re.findall(r'"([A-Z_]+)"', (PROJECT / "layers/clientela/clientela/settings.py").read_text("utf-8")))
SETTINGS = {name for name in NAMES if not name.startswith("AWS_")}  # those are Lambda's
MODULES = {
    ".".join(path.relative_to(root).with_suffix("").parts): path
    for root in (PROJECT / "layers/clientela", PROJECT / "functions")
    for path in root.rglob("*.py")
}
EVENTS = [(name, event) for name, body in FUNCTIONS.items() for event in body["Properties"].get("Events", {}).values()]
QUEUE_EVENTS = [(function, event) for function, event in EVENTS if event["Type"] == "SQS"]
ROUTES = [
    (function, event["Properties"].get("Path", "/{proxy+}")) for function, event in EVENTS if event["Type"] == "HttpApi"
]


def top_level_names(source: str) -> set[str]:
    """Names that a module defines by def or by assignment."""
    body = ast.parse(source).body
    targets = [target for node in body if isinstance(node, ast.Assign) for target in node.targets]
    assigned = {target.id for target in targets if isinstance(target, ast.Name)}
    return assigned | {node.name for node in body if isinstance(node, ast.FunctionDef)}


def imported_by(handler: str) -> set[str]:
    """All modules of the project that a handler imports, directly or not."""
    found, waiting = set[str](), [handler]
    while waiting:
        module = waiting.pop()
        found.add(module)
        waiting += named_imports(MODULES[module].read_text("utf-8")) & MODULES.keys() - found
    return found


def named_imports(source: str) -> set[str]:
    """Names after `import` and `from`, and each `from a import b` as `a.b` too."""
    nodes = list(ast.walk(ast.parse(source)))
    modules = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    members = [(node.module or "", node.names) for node in nodes if isinstance(node, ast.ImportFrom)]
    return (
        modules | {module for module, _ in members} | {f"{module}.{a.name}" for module, names in members for a in names}
    )


def variables(function: str) -> set[str]:
    """What a function has in its environment besides what every function has."""
    return set(FUNCTIONS[function]["Properties"].get("Environment", {}).get("Variables", {}))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_handler_exists(name: str) -> None:
    module, handler = FUNCTIONS[name]["Properties"]["Handler"].split(".")
    assert handler in top_level_names((PROJECT / f"functions/{module}.py").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_has_a_role_of_its_own(name: str) -> None:
    assert FUNCTIONS[name]["Properties"]["Role"] == {"Fn::GetAtt": [f"{name}Role", "Arn"]}
    assert template()["Resources"][f"{name}Role"]["Properties"]["Policies"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_logs_json_to_a_group_of_its_own(name: str) -> None:
    logging = FUNCTIONS[name]["Properties"]["LoggingConfig"]
    assert DEFAULTS["LoggingConfig"] | logging == {
        "LogGroup": {"Ref": f"{name}LogGroup"},
        "LogFormat": "JSON",
        "ApplicationLogLevel": {"Ref": "LogLevel"},
    }


@pytest.mark.parametrize("name", resources("AWS::Logs::LogGroup"))
def test_logs_are_deleted_after_the_retention_time(name: str) -> None:
    assert template()["Resources"][name]["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_variables_are_settings_of_the_domain(name: str) -> None:
    assert variables(name) <= SETTINGS


def test_every_setting_of_the_domain_is_given_to_some_function() -> None:
    assert set().union(DEFAULTS["Environment"]["Variables"], *map(variables, FUNCTIONS)) >= SETTINGS


def test_only_what_asks_for_mails_knows_their_queue() -> None:
    bulk = {"FollowUps", "EmailSender"}
    assert {name for name in FUNCTIONS if "MAIL_QUEUE_URL" in variables(name)} == bulk | {
        "StorefrontApi",
        "CustomersApi",
    }
    assert {name for name in FUNCTIONS if "BULK_MAIL_QUEUE_URL" in variables(name)} == bulk


def test_bulk_mails_have_as_many_senders_as_their_pace_is_shared_by() -> None:
    sender = FUNCTIONS["EmailSender"]["Properties"]
    bulk = sender["Events"]["BulkMails"]["Properties"]
    assert bulk["Queue"] == {"Fn::GetAtt": ["BulkMailQueue", "Arn"]}
    assert bulk["ScalingConfig"]["MaximumConcurrency"] == {"Ref": "BulkMailConcurrency"}
    assert sender["Environment"]["Variables"]["BULK_MAIL_CONCURRENCY"] == {"Ref": "BulkMailConcurrency"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_can_look_for_an_erased_person_knows_the_secret_of_their_hashes(name: str) -> None:
    """Every unit test knows all secrets, so that none of them misses one."""
    never_looks = {
        "EventPublisher", "ReportUpdater", "ReportChecker",  # reports count what is stored
        "CsvImportReceive", "CsvImportPasswords", "CsvImportFinish", "CsvImportSweep",  # the rows are Load's
        "CustomerExportPart",  # exports all rows; what was removed is Finish's
    }  # fmt: skip
    handler = FUNCTIONS[name]["Properties"]["Handler"].split(".")[0]
    looks = "clientela.customers.tombstones" in imported_by(handler) and name not in never_looks
    assert ("ERASURE_SECRET_ARN" in variables(name)) == looks


def test_no_trace_is_kept_that_could_hold_a_token() -> None:
    """Lambda's own traces hold names and times. Powertools' Tracer would add answers and messages of errors."""
    assert {"Tracing": {"Ref": "Tracing"}}.items() <= DEFAULTS.items()
    code = "".join(path.read_text(encoding="utf-8") for path in MODULES.values())
    assert not re.search(r"Tracer|aws_xray_sdk|opentelemetry", code)


def test_no_variable_holds_a_secret() -> None:
    assert "resolve:secretsmanager" not in repr(template())


@pytest.mark.parametrize(("function", "event"), QUEUE_EVENTS)
def test_a_batch_reports_its_failed_messages_one_by_one(function: str, event: dict[str, Any]) -> None:
    assert event["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@pytest.mark.parametrize(("function", "event"), QUEUE_EVENTS)
def test_a_poisonous_message_is_put_aside_after_some_receives(function: str, event: dict[str, Any]) -> None:
    """An order must not become a dead letter because the table was overloaded for half an hour."""
    name = event["Properties"]["Queue"]["Fn::GetAtt"][0]
    queue = QUEUES[name]["Properties"]
    assert queue["RedrivePolicy"]["maxReceiveCount"] == (20 if name == "OrdersQueue" else 5)
    assert queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0] in QUEUES


@pytest.mark.parametrize(("function", "event"), QUEUE_EVENTS)
def test_a_message_stays_hidden_for_six_timeouts_of_its_function(function: str, event: dict[str, Any]) -> None:
    timeout = FUNCTIONS[function]["Properties"].get("Timeout", DEFAULTS["Timeout"])
    queue = QUEUES[event["Properties"]["Queue"]["Fn::GetAtt"][0]]["Properties"]
    assert queue["VisibilityTimeout"] >= 6 * timeout


CONSUMERS = [
    event["Properties"]
    .get("ScalingConfig", {})
    .get("MaximumConcurrency", event["Properties"].get("ParallelizationFactor"))
    for _function, event in EVENTS
    if event["Type"] in ("SQS", "DynamoDB")
]


def test_every_consumer_of_a_queue_or_stream_has_a_small_concurrency_by_parameter() -> None:
    """A new account has ten concurrent calls of functions in all, and people who sign in need some."""
    defaults = [int(template()["Parameters"][consumer["Ref"]]["Default"]) for consumer in CONSUMERS]
    assert len(defaults) == 10
    assert max(defaults) <= 3


def test_all_queues_are_encrypted() -> None:
    assert all(queue["Properties"]["SqsManagedSseEnabled"] is True for queue in QUEUES.values())


@pytest.mark.parametrize("name", ["CsvImportReceive", "CsvImportSweep", "ScheduleKeeper", "ReportChecker"])
def test_a_failed_asynchronous_call_is_kept(name: str) -> None:
    destination = FUNCTIONS[name]["Properties"]["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]
    assert destination == {"Type": "SQS", "Destination": {"Fn::GetAtt": ["FailedCallsQueue", "Arn"]}}


def test_every_route_belongs_to_one_function() -> None:
    paths = [path for _function, path in ROUTES]
    assert len(paths) == len(set(paths))
    assert {function for function, _path in ROUTES} == {"CustomersApi", "StorefrontApi"}


@pytest.mark.parametrize("name", ["CustomersApi", "StorefrontApi"])
def test_an_api_function_ends_within_the_30_seconds_of_an_http_api(name: str) -> None:
    assert FUNCTIONS[name]["Properties"].get("Timeout", DEFAULTS["Timeout"]) <= 30


def test_access_logs_name_the_route_and_never_the_path_or_the_query() -> None:
    log_format = template()["Resources"]["Api"]["Properties"]["AccessLogSettings"]["Format"]
    assert "$context.routeKey" in log_format
    assert "$context.path" not in log_format
