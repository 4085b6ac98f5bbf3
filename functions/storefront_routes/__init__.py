"""Routes of the storefront API, one module per resource."""
