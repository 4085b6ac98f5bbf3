"""Corrects MiniStack where it differs from AWS in a way that affects this project.

Each function here replaces a function of MiniStack. MiniStack's version is pinned, and a missing
name fails the start.
"""

import json
import re
from datetime import UTC, datetime
from email.utils import parseaddr
from typing import Any

import yaml
from ministack import app  # type: ignore[import-untyped]
from ministack.core import iam_actions  # type: ignore[import-untyped]
from ministack.services import apigateway, dynamodb, eventbridge, lambda_svc, s3, scheduler, ses, ses_v2  # type: ignore[import-untyped]
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]

from local import mail_headers, schedules
from local.environment import API_ID

_DETAIL_TYPES = {"Bounce": "Email Bounced", "Complaint": "Email Complaint Received"}


def apply() -> None:
    """Apply all corrections, once, before MiniStack starts to serve."""
    _emulate_tls()
    _emulate_options_requests()
    _emulate_yaml_state_machines()
    _emulate_secret_references()
    _emulate_ranges_of_versions()
    _emulate_batch_permissions()
    _emulate_insert_permissions()
    _emulate_sender_permissions()
    _emulate_bounce_events()
    _emulate_streams_of_inserts()
    _emulate_stream_retries()
    _emulate_custom_domain()
    _emulate_cookie_lists()
    _emulate_schedule_groups()
    _emulate_numeric_concurrency()
    schedules.apply()
    mail_headers.apply()


def _emulate_tls() -> None:
    """Set `aws:SecureTransport` to true for policies, as AWS's TLS endpoints do.

    The local endpoint is plain HTTP on the loopback interface. A policy that denies requests
    without TLS would deny all of them.
    """
    pin = app.pin_request_origin
    app.pin_request_origin = lambda source, _secure: pin(source, True)


def _emulate_options_requests() -> None:
    """Pass OPTIONS requests to an ANY route, as AWS does if the API has no CORS settings.

    MiniStack itself answers them with 403. It compares the method with "OPTIONS", so the lower-case
    spelling gets through. The function receives the original method.
    """
    execute, invoke = apigateway._handle_execute_in_scope, apigateway._invoke_lambda_proxy

    async def execute_lower_case(api: str, stage: str, path: str, method: str, *rest: Any) -> Any:
        return await execute(api, stage, path, method.lower() if method == "OPTIONS" else method, *rest)

    async def invoke_upper_case(
        integration: Any, api: str, stage: str, path: str, method: str, *rest: Any, **also: Any
    ) -> Any:
        return await invoke(integration, api, stage, path, method.upper(), *rest, **also)

    apigateway._handle_execute_in_scope = execute_lower_case
    apigateway._invoke_lambda_proxy = invoke_upper_case


def _emulate_yaml_state_machines() -> None:
    """Accept YAML in a definition file, as CloudFormation does. MiniStack parses only JSON."""
    definition = provisioners._sfn_definition
    provisioners._sfn_definition = lambda properties: json.dumps(yaml.safe_load(definition(properties)))


def _emulate_secret_references() -> None:
    """Resolve `!Ref` of a secret to its ARN.

    MiniStack returns the name, which no policy would match.
    """
    handler = provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]
    create = handler["create"]

    def create_with_arn(*arguments: Any) -> tuple[str, dict[str, str]]:
        _name, attributes = create(*arguments)
        return attributes["Arn"], attributes

    handler["create"] = create_with_arn


def _emulate_ranges_of_versions() -> None:
    """Apply a Range to a version of an object. MiniStack returns the whole object."""
    read = s3._get_object

    def read_range(
        bucket: str, key: str, headers: dict[str, str], query: Any = None
    ) -> tuple[int, dict[str, str], Any]:
        requested = headers.get("range")
        if requested:  # the checksum of the whole object does not match a part
            headers = {name: value for name, value in headers.items() if name != "x-amz-checksum-mode"}
        status, answered, body = read(bucket, key, headers, query)
        range_ = s3._parse_range(requested, len(body)) if requested and status == 200 else None
        if range_ is None:
            return status, answered, body
        start, end = range_
        length = {"Content-Length": str(end - start + 1), "Content-Range": f"bytes {start}-{end}/{len(body)}"}
        return 206, answered | length, body[start : end + 1]

    s3._get_object = read_range


def _emulate_batch_permissions() -> None:
    """Check SQS batches against the action for one message, because IAM has no action for batches.

    MiniStack requires `sqs:SendMessageBatch`, which no policy on AWS can grant.
    """
    action_of = iam_actions.extract_iam_action

    def single_action_of(service: str, *request: Any) -> str | None:
        action: str | None = action_of(service, *request)
        return action.removesuffix("Batch") if action and service == "sqs" else action

    iam_actions.extract_iam_action = single_action_of


def _emulate_insert_permissions() -> None:
    """Check PartiQL's INSERT against `dynamodb:PartiQLInsert` on its tables, as AWS does.

    MiniStack requires the name of the operation, which no policy on AWS can grant, on `*`.
    """
    action_of, tables_of = iam_actions.extract_iam_action, iam_actions.dynamodb_resource_arns

    def insert_action_of(service: str, *request: Any) -> str | None:
        action: str | None = action_of(service, *request)
        return "dynamodb:PartiQLInsert" if action == "dynamodb:BatchExecuteStatement" else action

    def tables_inserted_into(body: bytes, region: str, account: str) -> list[str]:
        names = dict.fromkeys(re.findall(rb'"Statement": ?"INSERT INTO \\"([\w.-]+)\\"', body))
        return [iam_actions._dynamodb_table_arn(name.decode(), region, account) for name in names] or list(
            tables_of(body, region, account)
        )

    iam_actions.extract_iam_action = insert_action_of
    iam_actions.dynamodb_resource_arns = tables_inserted_into


def _emulate_sender_permissions() -> None:
    """Check the permission to send mail against the ARN of the sender's identity.

    MiniStack requires `*`.
    """
    resource_of = iam_actions._ses_v2_resource_arn

    def identity_of(method: str, path: str, body: bytes, region: str, account: str) -> str:
        if path.rstrip("/") != "/v2/email/outbound-emails":
            return str(resource_of(method, path, body, region, account))
        _name, address = parseaddr(json.loads(body)["FromEmailAddress"])
        return f"arn:aws:ses:{region}:{account}:identity/{address}"

    iam_actions._ses_v2_resource_arn = identity_of


def _emulate_bounce_events() -> None:
    """Publish an event for mail to SES's simulator, such as bounce@simulator.amazonses.com.

    MiniStack notifies only SNS topics, and not about mails of SES v2.
    """
    handle = ses_v2.handle_request

    async def handle_and_publish(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        answer = await handle(method, path, headers, body, query)
        if (method, path.rstrip("/"), answer[0]) == ("POST", "/v2/email/outbound-emails", 200):
            _publish_outcomes(json.loads(body), json.loads(answer[2])["MessageId"])
        return answer

    ses_v2.handle_request = handle_and_publish


def _publish_outcomes(sent: dict[str, Any], message_id: str) -> None:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    tags = {tag["Name"]: [tag["Value"]] for tag in sent.get("EmailTags", [])}
    tags["ses:configuration-set"] = [sent.get("ConfigurationSetName", "")]
    mail = {"timestamp": now, "messageId": message_id, "tags": tags}
    for address in sent["Destination"]["ToAddresses"]:
        name, _, domain = parseaddr(address)[1].partition("@")
        outcomes = ses._SIMULATOR_OUTCOMES.get(name, ()) if domain == ses._SIMULATOR_DOMAIN else ()
        for kind, detail in outcomes:
            event = {"eventType": kind, "mail": mail, **ses._notification_detail(kind, address, now, detail)}
            if kind in _DETAIL_TYPES:
                entry = {"Source": "aws.ses", "DetailType": _DETAIL_TYPES[kind], "Detail": json.dumps(event)}
                eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


def _emulate_streams_of_inserts() -> None:
    """Put items that PartiQL's INSERT wrote on the table's stream. MiniStack leaves them out."""
    insert = dynamodb._partiql_insert

    def insert_and_stream(table: Any, parsed: Any) -> Any:
        answer = insert(table, parsed)
        if answer[0] == 200:
            item = parsed["item"]
            written = item["M"] if set(item) == {"M"} else item
            dynamodb._emit_stream_event(parsed["table"], "INSERT", None, written)
        return answer

    dynamodb._partiql_insert = insert_and_stream


def _emulate_stream_retries() -> None:
    """Deliver the changes again that a function reports as failed. MiniStack drops them.

    MiniStack repeats a batch if its function failed. So a partial failure becomes a failure here,
    and the whole batch is repeated. AWS repeats it from the first failed change.
    """
    execute = lambda_svc._execute_function

    def execute_and_check(function: Any, event: Any, *rest: Any, **also: Any) -> Any:
        result = execute(function, event, *rest, **also)
        body = result.get("body")
        has_failures = isinstance(body, dict) and body.get("batchItemFailures")
        is_stream = isinstance(event, dict) and "dynamodb" in (event.get("Records") or [{}])[0]
        return {**result, "error": True} if has_failures and is_stream else result

    lambda_svc._execute_function = execute_and_check


def _emulate_custom_domain() -> None:
    """Use a fixed API id, so that the address is known before deployment, like a custom domain."""
    apigateway._resolve_custom_api_id = lambda _tags, _existing: API_ID


def _emulate_cookie_lists() -> None:
    """Move cookies from the header to the list `cookies`, as payload format 2.0 requires."""
    run = apigateway.run_reentrant

    async def run_with_cookies(function: Any, *arguments: Any, **also: Any) -> Any:
        for event in arguments:
            headers = event.get("headers", {}) if isinstance(event, dict) and event.get("version") == "2.0" else {}
            if "cookie" in headers:
                event["cookies"] = headers.pop("cookie").split("; ")
        return await run(function, *arguments, **also)

    apigateway.run_reentrant = run_with_cookies


def _emulate_schedule_groups() -> None:
    """Check permissions for schedules against their group. MiniStack takes all for the default one.

    Also list all schedules in one page: MiniStack returns the first hundred, and no next page.
    """
    resource_of, list_ = iam_actions.extract_resource_arn, scheduler._list_schedules

    def group_of(service: str, method: str, path: str, headers: Any, body: Any, query: Any, *rest: Any) -> str:
        arn = str(resource_of(service, method, path, headers, body, query, *rest))
        if service != "scheduler" or "schedule/default/" not in arn:
            return arn
        named = json.loads(body).get("GroupName") if body else None
        given = named or (query or {}).get("groupName", "default")
        group = given[0] if isinstance(given, list) else given
        return arn.replace("schedule/default/", f"schedule/{group}/")

    iam_actions.extract_resource_arn = group_of
    scheduler._list_schedules = lambda query: list_({"MaxResults": "10000", **query})


def _emulate_numeric_concurrency() -> None:
    """Turn the concurrency of a queue's or stream's consumer into a number, as CloudFormation does.

    MiniStack keeps the text of a parameter, and its reader of queues fails on it.
    """
    handler = provisioners._RESOURCE_HANDLERS["AWS::Lambda::EventSourceMapping"]
    create = handler["create"]

    def create_with_number(logical_id: str, properties: dict[str, Any], *rest: Any) -> Any:
        numbers: dict[str, Any] = {}
        if "ScalingConfig" in properties:
            numbers["ScalingConfig"] = {name: int(value) for name, value in properties["ScalingConfig"].items()}
        if "ParallelizationFactor" in properties:
            numbers["ParallelizationFactor"] = int(properties["ParallelizationFactor"])
        return create(logical_id, properties | numbers, *rest)

    handler["create"] = create_with_number
