"""Columns of CSV files, and their headers in other systems and languages."""

import pytest

from clientela.csv import csv_columns
from clientela.csv.csv_header_names import ADDRESS, CUSTOMER
from clientela.csv.csv_headers import recognise
from clientela.customers.addresses import Address
from clientela.customers.customer_fields import Customer
from clientela.customers.customer_values import MarketingConsent, TaxExemption


@pytest.mark.parametrize(
    ("header", "fields"),
    [
        ("name,email,password", "name email password"),
        ("nombre,correo electrónico,contraseña", "name email password"),
        ("nome,e-mail,password", "name email password"),
        ("Nom,Courriel,Mot de passe", "name email password"),
        ("Name,E-Mail,Passwort", "name email password"),
        ("Nome,Correio eletrónico,Palavra-passe", "name email password"),
        ("Nombre,Apellidos,Email", "first_name last_name email"),
        ("Nom,Prénom,E-mail", "last_name first_name email"),
        ("Vorname,Name,E-Mail", "first_name last_name email"),
        ("Nome,Cognome,Email", "first_name last_name email"),
    ],
)
def test_names_are_told_apart_in_six_languages(header: str, fields: str) -> None:
    assert " ".join(map(str, recognise(header.split(",")).fields)) == fields


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("name,email", "en"),
        ("nombre,correo electrónico", "es"),
        ("nome,e-mail,città", "it"),
        ("nom,courriel", "fr"),
        ("Name,E-Mail,Sprache,Straße", "de"),
        ("nome,e-mail,código postal,morada", "pt"),
        ("email", "en"),
    ],
)
def test_the_headers_language_is_found(header: str, language: str) -> None:
    assert recognise(header.split(",")).language == language


@pytest.mark.parametrize(
    ("header", "field"),
    [
        # Shopify
        ("First Name", "first_name"),
        ("Accepts Email Marketing", "accepts_marketing"),
        ("Tax Exempt", "tax_exempt"),
        ("Default Address Address1", "billing_address.street"),
        ("Province Code", "billing_address.region"),
        ("Default Address Zip", "billing_address.postal_code"),
        ("Total Spent", None),
        ("Accepts SMS Marketing", None),
        # PrestaShop, in its languages
        ("Activado", "status"),
        ("Boletín de noticias", "accepts_marketing"),
        ("Registro", "created_at"),
        ("Lettre d'informations", "accepts_marketing"),
        ("Inscription", "created_at"),
        ("Registrierung", "created_at"),
        ("Aktiviert", "status"),
        ("Registrazione", "created_at"),
        ("Registo", "created_at"),
        ("Ativado", "status"),
        ("Registration", "created_at"),
        ("date_add", "created_at"),
        ("Última visita", None),
        ("Last visit", None),
        # Magento
        ("Tax VAT Number", "vat_id"),
        ("Customer Since", "created_at"),
        # BigCommerce
        ("Address First Name - 1", "billing_address.first_name"),
        ("Address Line 1 - 1", "billing_address.street"),
        ("Address Line 2 - 1", "billing_address.street2"),
        ("City/Suburb - 1", "billing_address.city"),
        ("State Abbreviation - 1", "billing_address.region"),
        ("Zip/Postcode - 1", "billing_address.postal_code"),
        ("Country - 1", "billing_address.country"),
        ("Address Phone - 1", "billing_address.phone"),
        ("Country - 2", None),
        ("Address Line 1 - 12", None),
        # WooCommerce
        ("user_registered", "created_at"),
        ("billing.first_name", "billing_address.first_name"),
        ("shipping_address_2", "shipping_address.street2"),
        ("shipping.postcode", "shipping_address.postal_code"),
        ("username", None),
        # Amazon Cognito
        ("given_name", "first_name"),
        ("family_name", "last_name"),
        ("phone_number", "phone"),
        ("locale", "language"),
        ("cognito:username", None),
        ("email_verified", None),
        # Jumpseller
        ("Category", "groups"),
        ("Billing City", "billing_address.city"),
        ("Billing Tax ID", "vat_id"),
        ("Shipping Country", "shipping_address.country"),
        # Ecwid
        ("billingPerson.countryCode", "billing_address.country"),
        ("customerGroupName", "groups"),
        ("taxId", "vat_id"),
        ("acceptMarketing", "accepts_marketing"),
        ("lang", "language"),
        ("privateAdminNotes", "note"),
        # addresses in other languages
        ("Dirección de facturación", "billing_address.street"),
        ("Ciudad (envío)", "shipping_address.city"),
        ("Indirizzo di spedizione", "shipping_address.street"),
        ("Code postal de livraison", "shipping_address.postal_code"),
        ("Lieferadresse", "shipping_address.street"),
        ("Rechnungsort", "billing_address.city"),
        ("Cidade de entrega", "shipping_address.city"),
        ("PLZ", "billing_address.postal_code"),
        # WooCommerce's analytics, PrestaShop, Magento, OpenCart, BigCommerce
        ("Country / Region", "billing_address.country"),
        ("Sign Up", "created_at"),
        ("Newsletter (0/1)", "accepts_marketing"),
        ("Active (0/1)", "status"),
        ("Registration date (yyyy-mm-dd)", "created_at"),
        ("Groups (x,y,z...)", "groups"),
        ("taxvat", "vat_id"),
        ("_address_city", "billing_address.city"),
        ("_address_country_id", "billing_address.country"),
        ("_address_telephone", "billing_address.phone"),
        ("date_added", "created_at"),
        ("Date Joined", "created_at"),
        ("Fecha de alta", "created_at"),
        ("OPTIN_TIME", "consent_at"),
        # our own export
        ("billing_street2", "billing_address.street2"),
        ("shipping_name", "shipping_address.name"),
        ("billing_company", "billing_address.company"),
        ("shipping_phone", "shipping_address.phone"),
        ("accepts_marketing", "accepts_marketing"),
        ("primary_group", "primary_group"),
        ("orders_count", None),
    ],
)
def test_a_header_is_known_by_its_field(header: str, field: str | None) -> None:
    assert recognise(["email", header]).fields == ("email", field)


@pytest.mark.parametrize(
    "header",
    ["Dirección de correo electrónico", "Correo electrónico *", "Adresse e-mail", "Adresse de messagerie", "E-Mail-Adresse",
     "Indirizzo e-mail", "Indirizzo di posta elettronica", "Endereço de e-mail", "Endereço eletrónico", "Email (required)"],
)  # fmt: skip
def test_the_email_is_found_under_the_names_of_six_languages(header: str) -> None:
    assert recognise([header, "x"]).fields == ("email", None)


def test_case_accents_and_punctuation_do_not_matter() -> None:
    assert recognise([" E_MAIL ", "POSTAL-CODE", "Código  Postal"]).fields[:2] == (
        "email",
        "billing_address.postal_code",
    )


def test_a_billing_email_counts_where_there_is_no_other() -> None:
    assert recognise(["billing_email", "billing_city"]).fields == ("email", "billing_address.city")
    assert recognise(["billing_email", "email"]).fields == (None, "email")


def test_every_imported_column_has_header_names_and_every_header_name_has_a_column() -> None:
    names = {
        column.name if column.parent.endswith("_address") else column.field for column in csv_columns.IMPORTED.values()
    }
    assert names == {*CUSTOMER, *ADDRESS}


def test_every_export_header_of_an_imported_column_is_recognised_as_its_field() -> None:
    exported = [column for column in csv_columns.EXPORTED if column.parse]
    assert list(recognise([column.header for column in exported]).fields) == [column.field for column in exported]


MODELS = {
    "billing_address": Address,
    "shipping_address": Address,
    "tax_exemption": TaxExemption,
    "marketing_consent": MarketingConsent,
}


def test_every_column_is_a_field_of_the_customer() -> None:
    for column in csv_columns.COLUMNS:
        model = MODELS.get(column.parent, Customer)
        own = column.field in {
            *("password", "consent_at", "total_spent_currency", "total_spent_other", "average_order_currency"),
            *(f"{column.parent}.{name}" for name in ("first_name", "last_name")),
        }
        assert own or column.name in model.model_fields, column.field
