"""Figures of the business for CloudWatch, as lines of the log (embedded metric format).

CloudWatch reads them from the log, so that a count costs no call. Their dimensions are the function
and Powertools' `service`: docs/alarms.md lists them, deploy/alarms.yaml shows them.
"""

from typing import Any, Literal

type Name = Literal[
    "OrdersTaken", "OrdersRepeated", "SignInLinksAsked", "SignInLinksRefused", "SignInLinksSent", "SignInLinksUsed",
    "PasswordSignIns", "SignInsRefused", "MailsSent", "MailsWithheld", "MailsRefused", "VatIdsValid", "VatIdsInvalid",
    "VatChecksUnanswered", "ImportRowsCreated", "ImportRowsUpdated", "ImportRowsUnchanged", "ImportRowsRejected",
    "FilesNotImported",
]  # fmt: skip
NAMESPACE = "Clientela"


def count(context: Any, counts: dict[Name, int]) -> None:
    """Write down how many times each thing happened. What did not happen costs nothing."""
    happened = {name: number for name, number in counts.items() if number}
    if not happened:
        return
    # Its import takes 30 ms of CPU, which most calls of the API need not wait for.
    from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

    metrics = EphemeralMetrics(namespace=NAMESPACE)
    metrics.add_dimension("FunctionName", getattr(context, "function_name", "function"))
    for name, number in happened.items():
        metrics.add_metric(name, MetricUnit.Count, number)
    metrics.flush_metrics()
