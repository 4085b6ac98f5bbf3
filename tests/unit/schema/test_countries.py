"""Countries: known by the names that standards and shops print."""

import pytest

from clientela.schema import countries


@pytest.mark.parametrize(
    ("name", "code"),
    [("Bosnia and Herzegovina", "BA"), ("Korea, Republic of", "KR"), ("Côte d'Ivoire", "CI"), ("UAE", "AE"),
     ("United States (US)", "US"), ("United Kingdom (UK)", "GB"), ("Virgin Islands (US)", "VI"), ("Congo (Kinshasa)", "CD"),
     ("Bolivia (Plurinational State of)", "BO"), ("Netherlands (the)", "NL"),
     ("Korea (the Democratic People's Republic of)", "KP"),
     ("Trinidad and Tobago", "TT"), ("Tanzania, the United Republic of", "TZ"), ("Guinea-Bissau", "GW"), ("Guinea", "GN"),
     ("Palestinian Territory", "PS"), ("Stati Uniti d'America", "US"), ("Türkiye", "TR")],
)  # fmt: skip
def test_names_are_known_as_iso_and_woocommerce_print_them(name: str, code: str) -> None:
    assert countries.code(name) == code
