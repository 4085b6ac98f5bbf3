"""E-mail addresses as people paste them."""

import pytest

from clientela.schema import email_addresses


@pytest.mark.parametrize("mark", ["\u200b", "\u202a", "\u2060", "\ufeff", "\u00ad", "\u00a0", "\u3000", "\u2028"])
def test_invisible_marks_at_the_ends_are_left_out(mark: str) -> None:
    for typed in (f"Ana@example.com{mark}", f"{mark}Ana@example.com", f" {mark} Ana@example.com{mark}{mark}\n"):
        assert email_addresses.display(typed) == "Ana@example.com"
        assert email_addresses.canonical(typed) == "ana@example.com"
