"""Codes as people type and paste them."""

import pytest

from clientela.sign_in import mailed_proofs


@pytest.mark.parametrize(
    "typed",
    [
        "123456", " 123 456 ", "123-456", "12 34 56", "1 2 3 4 5 6",
        "\uff11\uff12\uff13\uff14\uff15\uff16", "١٢٣٤٥٦", "Code: 123 456",
        "123456 - 10 min", "123 456 - 10 min", "123456 123456", "123 456 123 456", "123456\n\n123 456", "(10 min) 123456",
        "Your code: 123 456. It works for 10 minutes.", "10:45 123-456", "2026-11-30: 123 456", "code 123456, 12 34 56",
    ],
)  # fmt: skip
def test_the_one_code_in_a_text_is_read(typed: str) -> None:
    assert mailed_proofs.parse_code(typed) == "123456"


@pytest.mark.parametrize(
    "typed", ["", "12345", "1234567", "123456 654321", "123 456 789", "12a34b56", "code 123456 or 654 321"]
)
def test_a_text_without_one_code_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="six digits"):
        mailed_proofs.parse_code(typed)
