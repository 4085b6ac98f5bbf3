"""The kept list of mutants fits the code, so that `make mutants` tests what it says."""

import pytest
from tests.support.template_file import PROJECT
from tools.mutants.__main__ import MutantError, apply, choose
from tools.mutants.mutant_list import MUTANTS, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_each_guard_is_in_the_code_and_its_tests_exist(mutant: Mutant) -> None:
    text = (PROJECT / mutant.file).read_text("utf-8")
    compile(apply(mutant, text), mutant.file, "exec")
    assert all((PROJECT / test.partition("::")[0]).is_file() for test in mutant.tests)


def test_a_guard_that_has_changed_is_an_error() -> None:
    with pytest.raises(MutantError):
        apply(MUTANTS[0], "")


def test_names_are_unique() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


def test_mutants_are_chosen_by_parts_of_their_names() -> None:
    assert [mutant.name for mutant in choose(["swept before"])] == ["a file is swept before its import has read it"]
    assert choose([]) == list(MUTANTS)


def test_a_name_that_no_mutant_has_is_an_error() -> None:
    with pytest.raises(MutantError, match="sweeep"):
        choose(["swept", "sweeep"])
