"""AWS as the domain uses it: clients, signed calls of the JSON protocols, queues.

The only room that imports boto3. `clients` makes each client once; `json_protocol` sends what botocore
makes too expensive; `sqs` and `failed_calls` put messages on queues. Called by every room above.
"""
