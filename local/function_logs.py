"""The functions' logs, from the local cloud's CloudWatch Logs."""

from local import aws


def recent(endpoint: str, lines: int = 20) -> str:
    """Return the last log lines of all functions, oldest first, each with its log group."""
    logs = aws.client("logs", endpoint)
    groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    events = [
        (event["timestamp"], group, event["message"].rstrip())
        for group in groups
        for event in logs.filter_log_events(logGroupName=group)["events"]
    ]
    # The sort is stable: lines with the same timestamp keep their order.
    latest = sorted(events, key=lambda event: event[0])[-lines:]
    return "\n".join(f"{group.rpartition('/')[2]}: {message}" for _time, group, message in latest)
