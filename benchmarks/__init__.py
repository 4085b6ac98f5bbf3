"""The cost of a call: CPU of our code and of a baseline, and DynamoDB units. See README.md."""
