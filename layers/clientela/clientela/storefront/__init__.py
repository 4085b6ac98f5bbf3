"""Data for a store's shoppers: their account, checkout data and policy, the hosted sign-in page.

Called by the storefront API.
"""
