"""Access to AWS: clients, signed calls of the JSON protocols, queues.

The only room that imports boto3. `clients` creates each client once; `json_protocol` sends frequent
calls at less CPU than botocore; `sqs` and `failed_calls` put messages on queues. Called by every
room above.
"""
