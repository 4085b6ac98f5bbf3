"""What a call costs: CPU of our own code beside its floor, and DynamoDB's units. README.md says how to read it."""
