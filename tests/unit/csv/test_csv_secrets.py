"""Columns of secrets are found by their header in many languages, and by their values."""

import pytest

from clientela.csv import csv_secrets
from clientela.csv.csv_headers import names_passwords, recognise


@pytest.mark.parametrize(
    "header",
    ["Contraseña (opcional)", "Temporary password", "Wachtwoord", "Clave de acceso", "Mot de passe client", "Passwort neu",
     "Ihr Kennwort", "Senha do cliente", "Palavra-passe temporária", "Parola d'ordine", "user_pass", "Password *", "PWD",
     "mdp", "Пароль", "パスワード", "hashed_password_2", "Pass"],
)  # fmt: skip
def test_a_header_that_contains_a_word_for_password_is_its_column(header: str) -> None:
    columns = recognise(["email", header])
    assert (columns.fields, columns.secrets) == (("email", "password"), {1})
    assert names_passwords([header])


@pytest.mark.parametrize("header", ["password_salt", "Salt", "API token", "reset_token", "PIN", "secret", "Pass hint"])
def test_other_secrets_are_no_passwords_but_secret(header: str) -> None:
    columns = recognise(["email", header])
    assert (columns.fields, columns.secrets) == (("email", None), {1})


@pytest.mark.parametrize(
    "header",
    ["Código de acceso", "Codice d'accesso", "Codice di accesso cliente", "CODE D'ACCÈS", "Clé d'accès", "Clef d'accès",
     "Chiave di accesso", "Chave de acesso", "Código de acesso", "Access code", "access_key", "PW", "Geheimwort",
     "Geheimzahl", "Palabra secreta", "Palavra secreta", "Segredo", "Zugangsdaten", "Anmeldedaten", "Credentials",
     "Credenciales", "Credenziali", "Credenciais", "Identifiants secrets"],
)  # fmt: skip
def test_what_else_six_languages_call_what_one_signs_in_with_is_secret(header: str) -> None:
    columns = recognise(["email", header])
    assert (columns.fields, columns.secrets) == (("email", None), {1})


def test_beside_a_known_column_of_passwords_another_one_is_secret_too() -> None:
    columns = recognise(["email", "old password", "password"])
    assert (columns.fields, columns.secrets) == (("email", None, "password"), {1, 2})


@pytest.mark.parametrize(
    "header",
    ["Passport", "Compass", "Passenger name", "Opinion", "Shipping", "Hashtag", "Spinning", "Secretary", "Accessories",
     "Accesorios", "Acceso", "Codice cliente"],
)  # fmt: skip
def test_harmless_headers_are_no_secrets(header: str) -> None:
    assert recognise(["email", header]).secrets == frozenset()


@pytest.mark.parametrize(
    "cell",
    ["5f4dcc3b5aa765d61d8327deb882cf99", "$P$B55D6LjfHDkINU5wF.v2BuuzO0/XPk/", "$2y$10$abcdefghijklmnopqrstuv",
     "{SSHA}0c0blFTXXNuAMHECS4uxrj3ZieMoWImr",
     "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8", "a94a8fe5ccb19ba61c4c0873d391e987:pepper",
     "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
     "W6ph5Mm5Pz8GgiULbPgzG37mj9g"],
)  # fmt: skip
def test_hashes_and_keys_are_seen_one_by_one(cell: str) -> None:
    assert csv_secrets.looks_hashed(cell)
    assert csv_secrets.look_secret(["", "Ana", cell])


@pytest.mark.parametrize(
    "values",
    [["Secreta-123", "Clave-456"], ["hunter2", "", "letmein!"], ["correct;horse1"], ["pass1234", "Ana", "tr0ub4dor&3"]],
)
def test_values_that_look_like_passwords_make_a_column_secret(values: list[str]) -> None:
    assert csv_secrets.look_secret(values)


@pytest.mark.parametrize(
    "values",
    [["2020-01-02 10:00:00", "2019-03-04T05:06:07Z"], ["C1001", "C1002"], ["SKU-12"], ["ana@example.com"], ["Calle Mayor 3"],
     ["+34911222333"], ["https://example.com/a?b=1"], ["12,50"], ["Madrid", "Vigo"], ["3f2504e0-4f89-11d3-9a0c-0305e82c3301"],
     ["21-Nov-2020"], ["www.example.com/x"], []],
)  # fmt: skip
def test_ordinary_values_do_not(values: list[str]) -> None:
    assert not csv_secrets.look_secret(values)
