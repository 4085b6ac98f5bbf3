"""What data may look like: names, e-mails, phones, countries, currencies, languages, VAT IDs, text.

A value is parsed, checked and normalised here, without any I/O. `documents` has the base of all pydantic
models, `fields` the types that models share. Called by every room that has a model.
"""
