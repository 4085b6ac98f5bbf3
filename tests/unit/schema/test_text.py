"""Text for searches."""

import pytest

from clientela.schema import text


@pytest.mark.parametrize("stored", ["Pat O\u2019Brien", "Pat O\u2018Brien", "Pat O\u02bcBrien", "pat o\uff07brien"])
def test_every_apostrophe_is_found_by_the_one_on_the_keyboard(stored: str) -> None:
    assert text.fold_for_search(stored) == "pat o'brien"
