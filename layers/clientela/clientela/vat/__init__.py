"""Whether a VAT ID is registered: ask VIES, retry over days, store the answer on the customer.

Called by the table's stream (which check is due) and by the queue of checks.
"""
