"""What the functions have logged, from the local cloud's CloudWatch Logs."""

from local import aws


def recent(endpoint: str, lines: int = 20) -> str:
    """The last lines of all functions together, oldest first, each with its log group. For people to read."""
    logs = aws.client("logs", endpoint)
    groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    events = [
        (event["timestamp"], group, event["message"].rstrip())
        for group in groups
        for event in logs.filter_log_events(logGroupName=group)["events"]
    ]
    # Stable: lines of the same millisecond stay in their order.
    latest = sorted(events, key=lambda event: event[0])[-lines:]
    return "\n".join(f"{group.rpartition('/')[2]}: {message}" for _time, group, message in latest)
