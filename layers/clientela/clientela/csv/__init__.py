"""CSV as text: detect encoding, delimiter and header language, parse records, print cells.

It knows the columns, not what a row does to a customer. Called by `imports` and `exports`.
"""
