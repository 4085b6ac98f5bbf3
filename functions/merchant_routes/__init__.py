"""Routes of the merchant API, a module per noun."""
