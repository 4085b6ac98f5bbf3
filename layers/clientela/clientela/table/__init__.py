"""The one DynamoDB table: keys, records, transactions, pages, exact limits.

`keys` builds every key, `dynamodb` sends the calls, `records` and `transactions` write under
conditions, `pagination` builds and reads cursors. It knows no customer and no order. Called by
every room that stores.
"""
