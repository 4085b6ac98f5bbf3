"""The routes of the storefront API."""
