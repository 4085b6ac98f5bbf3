"""The short way for usual addresses gives what email-validator gives."""

import re

from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given
from hypothesis import strategies as st

from clientela.schema import email_addresses

LOCAL = st.text("aZ0._+-é\"' ", min_size=0, max_size=70)
DOMAIN = st.one_of(
    st.sampled_from(
        ["example.com", "EXAMPLE.Com", "bücher.example", "xn--bcher-kva.example", "localhost", "a.test", "[1.2.3.4]",
         "example", "-a.com", "a-.com", "a..com", ".com", "com.", "1.2.3.4", "xn--a.com", "a_b.com", "ex ample.com"]
    ),
    st.text("aZ0.-", min_size=1, max_size=80),
)  # fmt: skip

MISPLACED_DOTS = re.compile(r"(?=.*[^.])(?=\.|.*\.\.|.*\.$)[A-Za-z0-9_+.-]+")


def by_the_library(text: str) -> tuple[str, str] | None:
    local_part, _, domain = text.strip().rpartition("@")
    if MISPLACED_DOTS.fullmatch(local_part):  # the library takes them only in quotes
        found = by_the_library(f"{local_part.replace('.', '_')}@{domain}")
        return found and (
            f"{local_part}@{found[0].rpartition('@')[2]}",
            f"{local_part}@{found[1].rpartition('@')[2]}".lower(),
        )
    try:
        parsed = validate_email(text.strip(), check_deliverability=False)
    except EmailNotValidError:
        return None
    return parsed.normalized, f"{parsed.local_part.lower()}@{parsed.ascii_domain.lower()}"


@given(local=LOCAL, domain=DOMAIN)
@example(local="a" * 64, domain="example.com")
@example(local="a" * 65, domain="example.com")
@example(local="a", domain=f"{'b' * 63}.{'c' * 63}.{'d' * 63}.com")
@example(local="postmaster", domain="example.com")
@example(local=".0", domain="bücher.example")
@example(local="0.", domain="bücher.example")
def test_both_spellings_are_those_of_the_library(local: str, domain: str) -> None:
    text = f"{local}@{domain}"
    try:
        found = email_addresses.display(text), email_addresses.canonical(text)
    except ValueError:
        assert by_the_library(text) is None
    else:
        assert found == by_the_library(text)
