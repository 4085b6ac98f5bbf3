"""Data formats: names, e-mails, phones, countries, currencies, languages, VAT IDs, text.

Values are parsed, validated and normalised here, without I/O. `documents` has the base of all
pydantic models, `fields` the types that several models share. Called by every room that has a
model.
"""
