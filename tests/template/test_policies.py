"""Least privilege: exactly what each role may do. Code that comes to use another action, or one no more, changes this table.

A transaction needs the actions of its parts: PutItem, UpdateItem, DeleteItem, ConditionCheckItem.
"""

import pytest
from tests.support.grants import ROLES, added_statements, granted

IMPORTS, IMPORT_JOBS, EXPORTS = (f"s3:clientela-${{Stage}}-{name}" for name in ("imports", "import-jobs", "exports"))
SOURCES, JOB_FILES, PARTS = f"{IMPORTS}/*", f"{IMPORT_JOBS}/*", f"{EXPORTS}/_parts/*"
FUNCTION, MACHINE = "lambda:function:clientela-${Stage}", "states:stateMachine:clientela-${Stage}-import"
EXECUTIONS = "states:execution:clientela-${Stage}-import"
READ_QUEUE, SEND = "sqs:ReceiveMessage sqs:DeleteMessage sqs:GetQueueAttributes", "sqs:SendMessage"
ENTRIES = "scheduler:schedule/clientela-${Stage}-exports/*"
KEEP_ENTRIES = "scheduler:GetSchedule scheduler:CreateSchedule scheduler:UpdateSchedule scheduler:DeleteSchedule"
PASSED = "ExportScheduleRole if iam:PassedToService like scheduler.amazonaws.com"
# Vended log delivery cannot name resources; see the comment in the template.
LOG_DELIVERY = (
    "logs:CreateLogDelivery logs:GetLogDelivery logs:UpdateLogDelivery logs:DeleteLogDelivery "
    "logs:ListLogDeliveries logs:PutResourcePolicy logs:DescribeResourcePolicies logs:DescribeLogGroups"
)
QUERY, INVOKE, SECRET = "dynamodb:Query", "lambda:InvokeFunction", "secretsmanager:GetSecretValue"


def table(names: str) -> str:
    return " ".join(f"dynamodb:{name}" for name in names.split())


# Role → resource → actions. Besides, each function writes to its own log group.
FUNCTION_ROLES = {
    "CustomersApi": {
        "Table": table("GetItem BatchGetItem Query PutItem UpdateItem DeleteItem ConditionCheckItem BatchWriteItem"),
        "Table/index/*": QUERY,
        JOB_FILES: "s3:GetObject",
        IMPORTS: "s3:ListBucket",
        f"{IMPORTS}/*/imp_*/*": (
            "s3:GetObject s3:PutObject s3:ListMultipartUploadParts s3:DeleteObject s3:DeleteObjectVersion"
        ),
        MACHINE: "states:StartExecution",
        f"{EXECUTIONS}:*": "states:DescribeExecution",
        EXPORTS: "s3:ListBucket",
        f"{EXPORTS}/*": "s3:GetObject",
        f"{FUNCTION}-bulk-changes": INVOKE,
        f"{FUNCTION}-csv-import-receive": INVOKE,
        "SigningSecret": SECRET,
        "ErasureSecret": SECRET,
        "MailQueue": SEND,
        "RemovalQueue": SEND,
        "*": "ses:DeleteSuppressedDestination",
    },
    # Anybody may call it: it cannot list customers, so it has no index.
    "StorefrontApi": {
        "Table": table("GetItem BatchGetItem Query PutItem UpdateItem DeleteItem ConditionCheckItem BatchWriteItem"),
        "MailQueue": SEND,
        "SigningSecret": SECRET,
        "ErasureSecret": SECRET,
        "RemovalQueue": SEND,
    },
    "OrderIntake": {
        "Table": table("GetItem Query PutItem DeleteItem ConditionCheckItem"),
        "OrdersQueue": READ_QUEUE,
        "ErasureSecret": SECRET,
    },
    "CsvImportReceive": {
        "Table": table("GetItem PutItem UpdateItem"),
        IMPORTS: "s3:ListBucket",
        IMPORT_JOBS: "s3:ListBucket",
        SOURCES: "s3:GetObject s3:GetObjectVersion s3:DeleteObject s3:DeleteObjectVersion",
        JOB_FILES: "s3:PutObject s3:DeleteObject",
        "ImportStateMachine": "states:StartExecution",
        f"{EXECUTIONS}:*": "states:DescribeExecution",
        "FailedCallsQueue": SEND,
    },
    "CsvImportLoad": {
        "Table": table(
            "GetItem BatchGetItem Query PutItem UpdateItem DeleteItem ConditionCheckItem PartiQLInsert BatchWriteItem"
        ),
        IMPORT_JOBS: "s3:ListBucket",
        SOURCES: "s3:GetObject s3:GetObjectVersion",
        JOB_FILES: "s3:GetObject s3:PutObject",
        "ErasureSecret": SECRET,
    },
    "CsvImportPasswords": {
        "Table": table("GetItem PutItem DeleteItem ConditionCheckItem"),
        SOURCES: "s3:GetObject s3:GetObjectVersion",
        JOB_FILES: "s3:GetObject",
    },
    "CsvImportFinish": {
        "Table": table("GetItem PutItem UpdateItem"),
        IMPORT_JOBS: "s3:ListBucket",
        IMPORTS: "s3:ListBucket",
        SOURCES: "s3:GetObject s3:GetObjectVersion s3:DeleteObject s3:DeleteObjectVersion",
        JOB_FILES: "s3:GetObject s3:PutObject s3:AbortMultipartUpload",
        MACHINE: "states:StartExecution",
        f"{EXECUTIONS}:*": "states:DescribeExecution",
    },
    "CsvImportSweep": {
        IMPORTS: "s3:ListBucketVersions s3:ListBucketMultipartUploads",
        SOURCES: "s3:DeleteObject s3:DeleteObjectVersion s3:AbortMultipartUpload",
        "FailedCallsQueue": SEND,
    },
    "CustomerExport": {
        "Table": table("GetItem BatchGetItem Query PutItem"),
        "Table/index/*": QUERY,
        f"{EXPORTS}/*": "s3:PutObject s3:AbortMultipartUpload",
        "ExportStateMachine": "states:StartExecution",
        "ErasureSecret": SECRET,
        "ExportQueue": f"{READ_QUEUE} sqs:ChangeMessageVisibility {SEND}",
    },
    "ScheduleKeeper": {
        "Table": table("GetItem BatchGetItem Query"),
        ENTRIES: KEEP_ENTRIES,
        "*": "scheduler:ListSchedules",
        PASSED: "iam:PassRole",
        f"{FUNCTION}-schedule-keeper": INVOKE,
        "FailedCallsQueue": SEND,
    },
    "ReportUpdater": {
        "Table": table("GetItem BatchGetItem Query PutItem UpdateItem DeleteItem ConditionCheckItem BatchWriteItem"),
        "Table/index/*": QUERY,
        "ReportQueue": f"{READ_QUEUE} {SEND}",
    },
    "ReportChecker": {
        "Table": table("GetItem Query PutItem UpdateItem DeleteItem ConditionCheckItem"),
        "Table/index/*": QUERY,
        "ReportQueue": SEND,
        "ReportCheckQueue": f"{READ_QUEUE} {SEND}",
        "FailedCallsQueue": SEND,
    },
    "CustomerExportPart": {
        "Table": table("GetItem BatchGetItem Query PutItem"),
        "Table/index/*": QUERY,
        PARTS: "s3:PutObject s3:AbortMultipartUpload s3:DeleteObject",
    },
    "CustomerExportFinish": {
        "Table": table("GetItem BatchGetItem Query PutItem"),
        "ErasureSecret": SECRET,
        PARTS: "s3:GetObject s3:DeleteObject",
        f"{EXPORTS}/*": "s3:PutObject s3:AbortMultipartUpload",
        f"{EXPORTS} if s3:prefix like _parts/*": "s3:ListBucket",
        EXPORTS: "s3:ListBucketMultipartUploads",
    },
    "BulkChanges": {
        "Table": table("GetItem BatchGetItem Query PutItem ConditionCheckItem"),
        "Table/index/*": QUERY,
        f"{EXPORTS}/*": "s3:GetObject s3:PutObject",
        f"{FUNCTION}-bulk-changes": INVOKE,
        "FailedCallsQueue": SEND,
        "SigningSecret": SECRET,
    },
    "Removals": {
        "Table": table("GetItem BatchGetItem Query PutItem UpdateItem DeleteItem ConditionCheckItem BatchWriteItem"),
        "Table/index/*": QUERY,
        "RemovalQueue": f"{READ_QUEUE} {SEND}",
        "SigningSecret": SECRET,
        "ErasureSecret": SECRET,
    },
    # Sign-in tokens and codes are made here, so that the queue never holds one.
    "EmailSender": {
        "Table": table("GetItem Query PutItem UpdateItem DeleteItem ConditionCheckItem"),
        IMPORT_JOBS: "s3:ListBucket",
        JOB_FILES: "s3:GetObject",
        "ses:identity/*": "ses:SendEmail",
        "ses:configuration-set/clientela-${Stage}": "ses:SendEmail",
        "MailQueue": f"{READ_QUEUE} {SEND}",
        "BulkMailQueue": f"{READ_QUEUE} {SEND}",
        "*": "ses:GetAccount",
        "SigningSecret": SECRET,
        "ErasureSecret": SECRET,
    },
    "EmailFeedback": {
        "Table": table("GetItem Query PutItem DeleteItem ConditionCheckItem"),
        "ErasureSecret": SECRET,
        "FailedCallsQueue": SEND,
        "*": "ses:DeleteSuppressedDestination",
    },
    "FollowUps": {
        "Table": table("GetItem Query PutItem DeleteItem ConditionCheckItem"),
        "Table.StreamArn": table("DescribeStream GetRecords GetShardIterator"),
        "Table/stream/*": "dynamodb:ListStreams",
        "MailQueue": SEND,
        "BulkMailQueue": SEND,
        "RemovalQueue": SEND,
        "VatCheckQueue": SEND,
        "ExportQueue": SEND,
        ENTRIES: KEEP_ENTRIES,
        PASSED: "iam:PassRole",
        "ErasureSecret": SECRET,
        "FailedCallsQueue": SEND,
    },
    "EventPublisher": {
        "Table.StreamArn": table("DescribeStream GetRecords GetShardIterator"),
        "Table/stream/*": "dynamodb:ListStreams",
        "Table": table("GetItem BatchWriteItem"),
        "EventBus": "events:PutEvents",
        "FailedCallsQueue": SEND,
        "ReportQueue": SEND,
    },
    "VatChecker": {
        "Table": table("GetItem PutItem UpdateItem DeleteItem"),
        "VatCheckQueue": f"{READ_QUEUE} sqs:ChangeMessageVisibility {SEND}",
    },
}
ALLOWED = {
    **{
        f"{name}Role": {**rights, f"{name}LogGroup": "logs:CreateLogStream logs:PutLogEvents"}
        for name, rights in FUNCTION_ROLES.items()
    },
    "ImportSweepScheduleRole": {f"{FUNCTION}-csv-import-sweep": INVOKE, "FailedCallsQueue": SEND},
    "ExportScheduleRole": {"ExportQueue": SEND, "FailedCallsQueue": SEND},
    "ReportCheckerScheduleRole": {f"{FUNCTION}-report-checker": INVOKE, "FailedCallsQueue": SEND},
    "ScheduleKeeperScheduleRole": {f"{FUNCTION}-schedule-keeper": INVOKE, "FailedCallsQueue": SEND},
    "ExportStateMachineRole": {
        "CustomerExportPart": INVOKE,
        "CustomerExportFinish": INVOKE,
        "*": LOG_DELIVERY,
    },
    "ImportStateMachineRole": {
        "CsvImportLoad": INVOKE,
        "CsvImportPasswords": INVOKE,
        "CsvImportFinish": INVOKE,
        JOB_FILES: "s3:GetObject",
        MACHINE: "states:StartExecution",
        f"{EXECUTIONS}:*": "states:DescribeExecution states:StopExecution",
        f"{EXECUTIONS}/*": "states:DescribeExecution states:StopExecution",
        "*": LOG_DELIVERY,
    },
}


def test_every_role_is_in_the_table() -> None:
    assert ALLOWED.keys() == ROLES.keys()


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_exactly_what_its_function_does(role: str) -> None:
    allowed = [(resource, action) for resource, actions in ALLOWED[role].items() for action in actions.split()]
    assert sorted(granted(role)) == sorted(allowed)


@pytest.mark.parametrize("role", ROLES)
def test_a_traced_function_may_send_its_traces_and_nobody_else_gets_more_rights(role: str) -> None:
    traces = {"Effect": "Allow", "Action": ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "Resource": "*"}
    is_function = role.removesuffix("Role") in FUNCTION_ROLES
    assert added_statements(role) == ({"IsTraced": traces} if is_function else {})


@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_no_managed_policies(role: str) -> None:
    assert "ManagedPolicyArns" not in ROLES[role]["Properties"]
