"""The VAT check's queue, against what the code and the registries expect of it."""

from pathlib import Path
from typing import Any

from tests.support.template_file import template
from tests.template.test_build import run_as_lambda

from clientela.vat import vat_check_queue

RESOURCES: dict[str, Any] = template()["Resources"]
QUEUE: dict[str, Any] = RESOURCES["VatCheckQueue"]["Properties"]


def test_the_code_counts_receives_as_the_queue_does() -> None:
    assert QUEUE["RedrivePolicy"]["maxReceiveCount"] == vat_check_queue.MAX_RECEIVES
    assert len(vat_check_queue.GAPS) == vat_check_queue.MAX_RECEIVES - 1


def test_a_message_outlives_its_gaps() -> None:
    assert QUEUE["MessageRetentionPeriod"] > 1.2 * sum(vat_check_queue.GAPS)


def test_the_built_layer_holds_what_the_rules_of_all_countries_read(build: Path) -> None:
    """An Indonesian number is looked up in a list of districts, which is a file of its own."""
    result = run_as_lambda(
        build, "VatChecker", "from clientela.schema import vat_ids; print(vat_ids.normalize('ID 3171011708450001'))"
    )
    assert (result.stdout.strip(), result.returncode) == ("ID3171011708450001", 0), result.stderr
