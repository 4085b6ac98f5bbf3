"""The keys of reports. A store's partition keys begin with its id."""

POINTER = "REPORTS"
SCORES = "REPORT_SCORES"
TODAY = "TODAY"  # the counters of the customers as they are now
CUSTOMERS, ORDERS = "CUSTOMER", "ORDER"  # the kinds of sources


def counters(store_id: str, generation: int, shard: int) -> str:
    """`STORE#demo#REPORTS#3#COUNTERS#1`: a shard of the counters of a generation."""
    return f"STORE#{store_id}#REPORTS#{generation}#COUNTERS#{shard}"


def buyers(store_id: str, generation: int, month: str, shard: int) -> str:
    """`STORE#demo#REPORTS#3#BUYERS#2026-11#1`: what customers ordered in a month, by their ids."""
    return f"STORE#{store_id}#REPORTS#{generation}#BUYERS#{month}#{shard}"


def reported(store_id: str, generation: int, kind: str, shard: int) -> str:
    """`STORE#demo#REPORTS#3#CUSTOMER#07`: what was counted of sources, by their ids."""
    return f"STORE#{store_id}#REPORTS#{generation}#{kind}#{shard:02d}"


def day(iso_day: str) -> str:
    """`DAY#2026-11-21`: the counters of a day."""
    return f"DAY#{iso_day}"


def month(iso_month: str) -> str:
    """`MONTH#2026-11`: the counters of a month."""
    return f"MONTH#{iso_month}"


def cohorts(iso_month: str) -> str:
    """`COHORTS#2026-11`: what the customers of each cohort ordered in a month."""
    return f"COHORTS#{iso_month}"
