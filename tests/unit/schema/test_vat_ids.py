"""Spelling and check digits of VAT IDs, offline."""

import pytest

from clientela.schema import vat_ids


@pytest.mark.parametrize(
    ("typed", "normalized"),
    [
        ("es b-1234567 4", "ESB12345674"),
        ("BE 428.759.497", "BE0428759497"),
        ("EL 094259216", "EL094259216"),
        ("GR094259216", "EL094259216"),
        ("IE 8Z49289F", "IE8Z49289F"),
        ("DE 136,695 976", "DE136695976"),
        ("\uff24\uff25 136695976", "DE136695976"),  # full-width letters
        ("EG \u0663\u0663\u0661-\u0661\u0660\u0665-\u0662\u0666\u0668", "EG331105268"),  # Arabic digits
        ("GB 980 7806 84", "GB980780684"),
        ("XI 980 7806 84", "XI980780684"),
        ("NO 995 525 828 MVA", "NO995525828MVA"),
        ("NO 995525828", "NO995525828MVA"),
        ("CHE-107.787.577 IVA", "CHE107787577IVA"),
        ("che-107.787.577 mwst", "CHE107787577MWST"),
        ("CHE-107.787.577 TVA", "CHE107787577TVA"),
        ("CHE-107.787.577", "CHE107787577"),
        ("MC53 0000 04605", "FR53000004605"),
        ("IN27AAPFU0939F1ZV", "IN27AAPFU0939F1ZV"),
        ("IS 00621", "IS00621"),
        ("AU83 914 571 673", "AU83914571673"),
        ("BR16.727.230/0001-97", "BR16727230000197"),
        ("LI 12345", "LI12345"),
        ("US 12-3456789", "US123456789"),
    ],
)
def test_a_vat_id_has_one_spelling(typed: str, normalized: str) -> None:
    assert vat_ids.normalize(typed) == normalized
    assert vat_ids.normalize(normalized) == normalized


@pytest.mark.parametrize(
    "typed",
    [
        "ESB12345670",
        "EL094259217",
        "DE136695977",
        "GB980780685",
        "XI980780685",
        "NO995525829MVA",
        "CHE107787578",
        "CHE107787577XYZ",
        "CHE107787577 MWST 1",
        "CH123456",
        "FR12345678901234",
        "AU83914571674",
        "ES",
        "EUX",
    ],
)
def test_wrong_check_digits_and_forms_are_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r"is not a (valid )?VAT ID"):
        vat_ids.normalize(typed)


@pytest.mark.parametrize(
    ("country", "typed", "normalized"),
    [
        ("ES", "B-12345674", "ESB12345674"),
        ("ES", "12345678z", "ES12345678Z"),
        ("ES", "X-5253868-R", "ESX5253868R"),
        ("IT", "0074311 015 7", "IT00743110157"),
        ("IT", "rccmnl83s18d969h", "ITRCCMNL83S18D969H"),
        ("FR", "732 829 320", "FR44732829320"),
        ("FR", "732 829 320 00074", "FR44732829320"),
        ("FR", "44732829320", "FR44732829320"),
        ("DE", "136,695 976", "DE136695976"),
        ("AT", "U13585627", "ATU13585627"),
        ("NL", "4495445B01", "NL004495445B01"),
        ("IE", "6433435F", "IE6433435F"),
        ("PT", "501 964 843", "PT501964843"),
        ("GR", "094259216", "EL094259216"),
        ("GB", "980 7806 84", "GB980780684"),
        ("GB", "GD001", "GBGD001"),
        ("CH", "107.787.577 MWST", "CHE107787577MWST"),
        ("NO", "995525828", "NO995525828MVA"),
        ("AU", "83 914 571 673", "AU83914571673"),
        ("SE", "556188-8404", "SE556188840401"),
        ("SE", "5561888404 01", "SE556188840401"),
        ("HU", "12892312-2-42", "HU12892312"),
        ("HU", "12892312", "HU12892312"),
        ("JP", "T7000012050002", "JP7000012050002"),
        ("JP", "7000012050002", "JP7000012050002"),
        ("ES", "IT00743110157", "IT00743110157"),  # a prefix counts more than the country
        ("ES", "US 12-3456789", "US123456789"),
        ("US", "12-3456789", "123456789"),
        (None, "12345674", "12345674"),
    ],
)
def test_a_national_number_is_read_with_the_country(country: str | None, typed: str, normalized: str) -> None:
    assert vat_ids.normalize(typed, country) == normalized
    assert vat_ids.normalize(normalized, country) == normalized


@pytest.mark.parametrize(
    ("country", "typed"),
    [("ES", "B12345670"), ("IT", "00743110158"), ("FR", "732829321"), ("DE", "136695977"), ("ES", "ESB12345670"),
     ("IT", "RCCMNL83S18D969A"), ("PT", "501964842"), ("ES", "12345"),
     ("SE", "556188-8405"), ("HU", "12892313-2-42"), ("JP", "T7000012050003")],
)  # fmt: skip
def test_a_national_number_with_wrong_check_digits_is_refused(country: str, typed: str) -> None:
    with pytest.raises(ValueError, match=r"is not a (valid )?VAT ID"):
        vat_ids.normalize(typed, country)


@pytest.mark.parametrize("typed", ["", "-", "n/a", "none", "LI", "ЛИ12345", "LI12345Ж"])
def test_what_is_no_vat_id_at_all_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        vat_ids.normalize(typed)


@pytest.mark.parametrize(
    ("country", "typed", "normalized"),
    [
        (None, "NIF: B58378431", "ESB58378431"),
        ("ES", "NIF: B58378431", "ESB58378431"),
        ("US", "NIF ES-B58378431", "ESB58378431"),
        ("ES", "C.I.F. B-58.378.431", "ESB58378431"),
        ("ES", "NIF 501 964 843", "PT501964843"),  # only Portugal has numbers of this form
        ("PT", "NIF 501 964 843", "PT501964843"),
        (None, "NIPC: 501964843", "PT501964843"),
        ("DE", "nie x-5253868-r", "ESX5253868R"),
        ("IT", "P.IVA 00743110157", "IT00743110157"),
        (None, "Partita IVA: IT 00743110157", "IT00743110157"),
        (None, "C.F. RCCMNL83S18D969H", "ITRCCMNL83S18D969H"),
        (None, "USt-IdNr. DE136695976", "DE136695976"),
        ("FR", "USt-ID: 136695976", "DE136695976"),
        ("DE", "UID-Nr.: ATU13585627", "ATU13585627"),
        (None, "UID CHE-107.787.577 MWST", "CHE107787577MWST"),
        ("FR", "TVA FR44732829320", "FR44732829320"),
        (None, "N° TVA : FR 44 732829320", "FR44732829320"),
        ("BE", "TVA 0428.759.497", "BE0428759497"),
        (None, "SIRET 732 829 320 00074", "FR44732829320"),
        ("NL", "BTW-nr. 4495445B01", "NL004495445B01"),
        ("GB", "VAT no. 980 7806 84", "GB980780684"),
        (None, "VAT Reg. No: GB 980 7806 84", "GB980780684"),
        ("ES", "VAT no. IT00743110157", "IT00743110157"),
    ],
)
def test_the_label_of_a_number_is_left_out(country: str | None, typed: str, normalized: str) -> None:
    assert vat_ids.normalize(typed, country) == normalized
    assert vat_ids.normalize(normalized, country) == normalized
    assert normalized in vat_ids.search_spellings(typed, [country])


@pytest.mark.parametrize(
    ("country", "typed"),
    [("IT", "P.IVA 00743110158"), ("IT", "P.IVA"), ("IT", "P.IVA P.IVA 00743110157"), ("GB", "UID 980780684"),
     ("PT", "SIREN 732829321"), (None, "NIF"), (None, "NIF:"), (None, "VAT no."), ("ES", "UID: none")],
)  # fmt: skip
def test_a_label_makes_no_vat_id_of_a_wrong_number(country: str | None, typed: str) -> None:
    with pytest.raises(ValueError, match=r"is not a (valid )?VAT ID"):
        vat_ids.normalize(typed, country)


@pytest.mark.parametrize(
    ("country", "typed", "kept"),
    [(None, "NIF: B58378430", "NIFB58378430"), ("US", "VAT 12-3456789", "VAT123456789"), (None, "LI TVA 12345", "LITVA12345")],
)  # fmt: skip
def test_what_follows_a_label_is_kept_as_it_is_where_no_rules_fit(country: str | None, typed: str, kept: str) -> None:
    assert vat_ids.normalize(typed, country) == kept
