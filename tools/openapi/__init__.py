"""Writes the OpenAPI document from the functions' routes: types, docstrings, scopes and errors."""
