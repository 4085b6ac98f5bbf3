"""The keys of imports, exports, bulk changes and the log of changes, built only here."""

from datetime import datetime

from clientela import clock

IMPORT_PREFIX = "IMPORT#"
EXPORT_PREFIX = "EXPORT#"
EXPORT_SCHEDULES = "EXPORT_SCHEDULES"
EXPORT_SCHEDULE_PREFIX = "EXPORT_SCHEDULE#"
EXPORT_SCHEDULE_STATE_PREFIX = "EXPORT_SCHEDULE_STATE#"
BULK_PREFIX = "BULK#"
CHANGE_LOG = "CHANGE_LOG"


def import_job(job_id: str) -> str:
    """`IMPORT#imp_01K…`."""
    return f"{IMPORT_PREFIX}{job_id}"


def import_file(key_hash: str) -> str:
    """`IMPORT_FILE#3f5a…`: the versions of one file, by the hash of its key in the bucket."""
    return f"IMPORT_FILE#{key_hash}"


def import_chunks(store_id: str, job_id: str) -> str:
    """`STORE#demo#IMPORT#imp_01K…`: the progress of each chunk of an import."""
    return f"STORE#{store_id}#IMPORT#{job_id}"


def import_chunk(index: int) -> str:
    """`CHUNK#000012`."""
    return f"CHUNK#{index:06d}"


def import_undo(index: int) -> str:
    """`UNDO#000012`: what the undo of an import has done of one chunk."""
    return f"UNDO#{index:06d}"


def export_job(job_id: str) -> str:
    """`EXPORT#exp_01K…`."""
    return f"{EXPORT_PREFIX}{job_id}"


def export_schedule(schedule_id: str) -> str:
    """`EXPORT_SCHEDULE#exs_01K…`."""
    return f"{EXPORT_SCHEDULE_PREFIX}{schedule_id}"


def export_schedule_state(schedule_id: str) -> str:
    """`EXPORT_SCHEDULE_STATE#exs_01K…`: the last runs of a schedule."""
    return f"{EXPORT_SCHEDULE_STATE_PREFIX}{schedule_id}"


def export_parts(store_id: str, job_id: str) -> str:
    """`STORE#demo#EXPORT#exp_01K…`: the written parts of a large export."""
    return f"STORE#{store_id}#EXPORT#{job_id}"


def export_part_prefix(run: int) -> str:
    """`PART#0000000003#`: the prefix of the parts of one run."""
    return f"PART#{run:010d}#"


def export_part(run: int, number: int) -> str:
    """`PART#0000000003#000012`: a part of an export, by run and number."""
    return f"{export_part_prefix(run)}{number:06d}"


def bulk_job(job_id: str) -> str:
    """`BULK#blk_01K…`."""
    return f"{BULK_PREFIX}{job_id}"


def changes(store_id: str, shard: int) -> str:
    """`STORE#demo#CHANGES#07`: a shard of the log of changed customers."""
    return f"STORE#{store_id}#CHANGES#{shard:02d}"


def change(at: datetime, customer_id: str) -> str:
    """`2026-11-21T10:00:00.000Z#cus_01K…`: an entry of that log."""
    return f"{clock.format_timestamp(at)}#{customer_id}"


def changed_customer(sk: str) -> str:
    """Return the customer id in a key from `change`."""
    return sk.partition("#")[2]
