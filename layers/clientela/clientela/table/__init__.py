"""The one DynamoDB table: keys, records, transactions, pages, exact limits.

`keys` makes every key, `dynamodb` sends the calls, `records` and `transactions` write under conditions,
`pagination` makes and reads cursors. It knows no customer and no order. Called by every room that stores.
"""
