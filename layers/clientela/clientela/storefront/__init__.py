"""What a storefront shows a shopper: the account, checkout data and policy, the hosted sign-in page.

Called by the storefront API.
"""
