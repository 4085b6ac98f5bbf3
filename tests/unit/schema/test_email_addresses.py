"""E-mail addresses as people paste them."""

import pytest

from clientela.schema import email_addresses


@pytest.mark.parametrize("mark", ["\u200b", "\u202a", "\u2060", "\ufeff", "\u00ad", "\u00a0", "\u3000", "\u2028"])
def test_invisible_marks_at_the_ends_are_left_out(mark: str) -> None:
    for typed in (f"Ana@example.com{mark}", f"{mark}Ana@example.com", f" {mark} Ana@example.com{mark}{mark}\n"):
        assert email_addresses.display(typed) == "Ana@example.com"
        assert email_addresses.canonical(typed) == "ana@example.com"


@pytest.mark.parametrize(
    "mark", ["\u200b", "\u202a", "\u2060", "\ufeff", "\u00ad", "\u061c", "\u2066", "\ufe0f", "\u034f", "\u3164"]
)
def test_marks_without_width_inside_are_left_out_too(mark: str) -> None:
    for typed in (f"a{mark}na@example.com", f"ana{mark}@{mark}example.com", f"ana@exam{mark}ple.com"):
        assert email_addresses.canonical(typed) == "ana@example.com"


def test_what_can_be_seen_is_never_left_out() -> None:
    for typed in (
        "ana @example.com",
        "ana@exa mple.com",
        "ana@example.com,bea@example.com",
        "ana\x00@example.com",
        "ana@a\u200cb.example",
    ):
        with pytest.raises(ValueError, match="Use an e-mail address"):
            email_addresses.canonical(typed)


@pytest.mark.parametrize("local_part", ["ana..perez.", ".ana", "ana.", "a...b"])
def test_dots_may_stand_where_carriers_allowed_them(local_part: str) -> None:
    address = f"{local_part}@docomo.ne.jp"
    assert email_addresses.display(f"{local_part.upper()}\u200b@DOCOMO.ne.jp") == f"{local_part.upper()}@docomo.ne.jp"
    assert email_addresses.canonical(address.upper()) == address
    assert email_addresses.for_envelope(address) == f'"{local_part}"@docomo.ne.jp'
    assert email_addresses.canonical(email_addresses.for_envelope(address)) == address


def test_an_address_of_dots_alone_is_none() -> None:
    for typed in ("...@docomo.ne.jp", "..@docomo.ne.jp", '"..."@docomo.ne.jp'):
        with pytest.raises(ValueError, match="Use an e-mail address"):
            email_addresses.canonical(typed)


def test_the_envelope_has_the_domain_in_punycode_and_usual_addresses_unquoted() -> None:
    assert email_addresses.for_envelope("Ana.Perez@bücher.example") == "Ana.Perez@xn--bcher-kva.example"
