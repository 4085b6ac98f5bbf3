"""CSV as text: find encoding, delimiter and header language, read records, write cells.

It knows the names of the columns, not what happens to a row. Called by `imports` and `exports`.
"""
