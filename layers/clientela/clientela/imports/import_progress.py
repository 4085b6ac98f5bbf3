"""How fast a running import is, and how long it will take."""

import math
from datetime import datetime

from clientela.imports.import_jobs import ImportJob


def with_rate(job: ImportJob, now: datetime) -> ImportJob:
    """Return a running import with its rate and the seconds that are left; others as they are."""
    if job.status != "running" or job.running_since is None or not job.rows_done:
        return job
    rate = job.rows_done / max((now - job.running_since).total_seconds(), 0.001)
    left = math.ceil(max((job.rows_total or 0) - job.rows_done, 0) / rate)
    return job.model_copy(update={"rows_per_second": round(rate, 1), "seconds_left": left})
