"""Changing an account's e-mail: request, confirm at the new address, revert from the old one.

Called by the storefront API and by the mails that carry the proofs.
"""
