"""Large exports whose processes are killed at random moments, while other processes write.

`python -m benchmarks.export_under_writes` does the same with a million customers.
"""

import os
from collections.abc import Iterator

import pytest
from benchmarks import export_under_writes
from benchmarks.bucket_stub import bucket_stub
from benchmarks.export_under_writes import BUCKET, Outcome, Plan
from tests.support.deployment import forget_caches

PEOPLE, SEED = 600, 3


@pytest.fixture(scope="module")
def outcomes(deployed: None) -> Iterator[list[Outcome]]:
    """A run of which one part is killed at all of its tries, and then one with some kills of each step."""
    with pytest.MonkeyPatch.context() as patch, bucket_stub() as bucket:
        patch.setenv("AWS_ENDPOINT_URL_S3", bucket)
        patch.setenv("EXPORTS_BUCKET", BUCKET)
        for name in ("EXECUTIONS", "EXPORT_PART_ROWS"):  # which the run sets, for its processes
            patch.setenv(name, os.environ.get(name, ""))
        forget_caches()
        plan = Plan(PEOPLE, 300, writes_per_second=40, kills=1, seed=SEED, writers=2, tries=2)
        yield list(export_under_writes.run(plan))
    forget_caches()


def test_who_does_not_change_is_in_the_file_once_however_often_a_step_is_killed(outcomes: list[Outcome]) -> None:
    whole = outcomes[1]
    assert (whole.job.status, whole.missing, whole.repeated) == ("succeeded", 0, 0)
    assert whole.parts >= 2
    assert whole.kills > outcomes[0].kills
    assert whole.leftovers == []
    assert whole.written["changed"] + whole.written["created"] > 20


def test_a_part_that_is_killed_at_all_of_its_tries_gives_a_failed_job_and_no_file(outcomes: list[Outcome]) -> None:
    failed = outcomes[0]
    assert (failed.job.status, failed.job.file) == ("failed", None)
    assert (failed.leftovers, failed.sizes_seen) == ([], {})


def test_a_reader_sees_the_whole_file_or_none(outcomes: list[Outcome]) -> None:
    job, seen = outcomes[1].job, outcomes[1].sizes_seen
    assert seen.keys() <= {job.file, job.manifest}
    assert seen.get(str(job.file), {job.size}) == {job.size}
