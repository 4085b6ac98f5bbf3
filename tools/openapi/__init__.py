"""Writes the OpenAPI document from the functions' own routes: types, docstrings, scopes and errors."""
