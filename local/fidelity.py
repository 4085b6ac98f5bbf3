"""Where MiniStack behaves unlike AWS in a way this project would notice, it is put right here.

Each function replaces one of MiniStack's own; its version is pinned, and a name that goes missing fails the start.
"""

import json
from datetime import UTC, datetime
from email.utils import parseaddr
from typing import Any

import yaml
from ministack import app  # type: ignore[import-untyped]
from ministack.core import iam_actions  # type: ignore[import-untyped]
from ministack.services import apigateway, eventbridge, lambda_svc, s3, ses, ses_v2  # type: ignore[import-untyped]
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]

from local.environment import API_ID

_DETAIL_TYPES = {"Bounce": "Email Bounced", "Complaint": "Email Complaint Received"}


def apply() -> None:
    """Put everything right; once, before MiniStack serves."""
    _count_as_tls()
    _hand_options_to_functions()
    _read_state_machines_in_yaml()
    _refer_to_secrets_by_arn()
    _read_parts_of_versions()
    _permit_batches_of_messages()
    _ask_for_the_sending_identity()
    _tell_of_bounces_and_complaints()
    _repeat_what_a_stream_hands_back()
    _name_the_api()
    _give_cookies_apart()


def _count_as_tls() -> None:
    """Policies see `aws:SecureTransport` true, as behind AWS's TLS endpoints.

    The local endpoint is plain HTTP on the loopback interface, where "deny all that is not TLS" would deny everything.
    """
    pin = app.pin_request_origin
    app.pin_request_origin = lambda source, _secure: pin(source, True)


def _hand_options_to_functions() -> None:
    """An OPTIONS request reaches an ANY route, as on AWS when the API has no CORS settings of its own.

    MiniStack answers it by itself, with 403. It compares with "OPTIONS", so another spelling passes; the function gets
    the real one.
    """
    execute, invoke = apigateway._handle_execute_in_scope, apigateway._invoke_lambda_proxy

    async def execute_any(api: str, stage: str, path: str, method: str, *rest: Any) -> Any:
        return await execute(api, stage, path, method.lower() if method == "OPTIONS" else method, *rest)

    async def invoke_as_sent(
        integration: Any, api: str, stage: str, path: str, method: str, *rest: Any, **also: Any
    ) -> Any:
        return await invoke(integration, api, stage, path, method.upper(), *rest, **also)

    apigateway._handle_execute_in_scope = execute_any
    apigateway._invoke_lambda_proxy = invoke_as_sent


def _read_state_machines_in_yaml() -> None:
    """A definition file may be YAML, as for CloudFormation. MiniStack's Step Functions parse JSON only."""
    definition = provisioners._sfn_definition
    provisioners._sfn_definition = lambda properties: json.dumps(yaml.safe_load(definition(properties)))


def _refer_to_secrets_by_arn() -> None:
    """`!Ref` of a secret is its ARN. MiniStack gives the name, which no policy statement on it would match."""
    handler = provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]
    create = handler["create"]

    def create_with_arn(*arguments: Any) -> tuple[str, dict[str, str]]:
        _name, attributes = create(*arguments)
        return attributes["Arn"], attributes

    handler["create"] = create_with_arn


def _read_parts_of_versions() -> None:
    """A Range holds for a named version of an object, too. MiniStack answers with the whole of it."""
    read = s3._get_object

    def read_range(
        bucket: str, key: str, headers: dict[str, str], query: Any = None
    ) -> tuple[int, dict[str, str], Any]:
        asked = headers.get("range")
        # A checksum of the whole would prove a part of it wrong.
        kept = {name: value for name, value in headers.items() if name != "x-amz-checksum-mode"} if asked else headers
        status, answered, body = read(bucket, key, kept, query)
        found = s3._parse_range(asked, len(body)) if asked and status == 200 else None
        if found is None:
            return status, answered, body
        start, end = found
        length = {"Content-Length": str(end - start + 1), "Content-Range": f"bytes {start}-{end}/{len(body)}"}
        return 206, answered | length, body[start : end + 1]

    s3._get_object = read_range


def _permit_batches_of_messages() -> None:
    """Who may send a message to a queue may send ten at once: IAM has no action of its own for SQS's batches.

    MiniStack asks for `sqs:SendMessageBatch`, which no policy on AWS can grant.
    """
    action_of = iam_actions.extract_iam_action

    def action_of_one(service: str, *request: Any) -> str | None:
        action: str | None = action_of(service, *request)
        return action.removesuffix("Batch") if action and service == "sqs" else action

    iam_actions.extract_iam_action = action_of_one


def _ask_for_the_sending_identity() -> None:
    """Who may send in the name of one identity is allowed by that identity's ARN. MiniStack asks for `*`."""
    resource_of = iam_actions._ses_v2_resource_arn

    def identity_of(method: str, path: str, body: bytes, region: str, account: str) -> str:
        if path.rstrip("/") != "/v2/email/outbound-emails":
            return str(resource_of(method, path, body, region, account))
        _name, address = parseaddr(json.loads(body)["FromEmailAddress"])
        return f"arn:aws:ses:{region}:{account}:identity/{address}"

    iam_actions._ses_v2_resource_arn = identity_of


def _tell_of_bounces_and_complaints() -> None:
    """Mail to SES's simulator, such as bounce@simulator.amazonses.com, ends in an event on the default bus.

    MiniStack tells SNS topics alone, and of mails of SES v2 nobody.
    """
    handle = ses_v2.handle_request

    async def handle_and_tell(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        answer = await handle(method, path, headers, body, query)
        if (method, path.rstrip("/"), answer[0]) == ("POST", "/v2/email/outbound-emails", 200):
            _tell(json.loads(body), json.loads(answer[2])["MessageId"])
        return answer

    ses_v2.handle_request = handle_and_tell


def _tell(sent: dict[str, Any], message_id: str) -> None:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    tags = {tag["Name"]: [tag["Value"]] for tag in sent.get("EmailTags", [])}
    tags["ses:configuration-set"] = [sent.get("ConfigurationSetName", "")]
    mail = {"timestamp": now, "messageId": message_id, "tags": tags}
    for address in sent["Destination"]["ToAddresses"]:
        name, _, domain = parseaddr(address)[1].partition("@")
        known = ses._SIMULATOR_OUTCOMES.get(name, ()) if domain == ses._SIMULATOR_DOMAIN else ()
        for kind, detail in known:
            event = {"eventType": kind, "mail": mail, **ses._notification_detail(kind, address, now, detail)}
            if kind in _DETAIL_TYPES:
                entry = {"Source": "aws.ses", "DetailType": _DETAIL_TYPES[kind], "Detail": json.dumps(event)}
                eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


def _repeat_what_a_stream_hands_back() -> None:
    """Changes of a table's stream that a function hands back are delivered again. MiniStack drops them.

    It repeats a batch whose function has failed, so such an answer becomes a failure here: the whole batch comes again,
    which is more than on AWS, where it goes on at the first that was handed back.
    """
    execute = lambda_svc._execute_function

    def execute_and_look(function: Any, event: Any, *rest: Any, **also: Any) -> Any:
        result = execute(function, event, *rest, **also)
        body = result.get("body")
        handed_back = isinstance(body, dict) and body.get("batchItemFailures")
        is_of_table = isinstance(event, dict) and "dynamodb" in (event.get("Records") or [{}])[0]
        return {**result, "error": True} if handed_back and is_of_table else result

    lambda_svc._execute_function = execute_and_look


def _name_the_api() -> None:
    """The API's address is known before it is deployed, as a domain of one's own is. MiniStack makes ids up."""
    apigateway._resolve_custom_api_id = lambda _tags, _existing: API_ID


def _give_cookies_apart() -> None:
    """Payload 2.0 has the cookies of a request in a list of their own, and no Cookie header. MiniStack leaves them there."""
    run = apigateway.run_reentrant

    async def run_with_cookies(function: Any, *arguments: Any, **also: Any) -> Any:
        for event in arguments:
            headers = event.get("headers", {}) if isinstance(event, dict) and event.get("version") == "2.0" else {}
            if "cookie" in headers:
                event["cookies"] = headers.pop("cookie").split("; ")
        return await run(function, *arguments, **also)

    apigateway.run_reentrant = run_with_cookies
