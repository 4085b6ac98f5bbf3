"""Routes of the merchant API, one module per resource."""
