"""A system that follows a store: a rule on the event bus with a queue as its target."""

import json
from typing import Any

from local import aws
from local.outputs import Outputs


class Follower:
    """Receives the events of one store from now on.

    `received` has each event once, in order of arrival.
    """

    def __init__(self, outputs: Outputs, store_id: str) -> None:
        self.received: list[dict[str, Any]] = []
        self._sqs = aws.client("sqs", outputs.endpoint_url)
        name = f"follower-of-{store_id}"
        self._url = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        names = ["QueueArn"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=names)["Attributes"]["QueueArn"]
        events = aws.client("events", outputs.endpoint_url)
        pattern = {"source": [{"prefix": "clientela."}], "detail": {"store_id": [store_id]}}
        events.put_rule(Name=name, EventBusName=outputs.event_bus, EventPattern=json.dumps(pattern))
        events.put_targets(Rule=name, EventBusName=outputs.event_bus, Targets=[{"Id": "queue", "Arn": arn}])

    def poll(self) -> list[dict[str, Any]]:
        """Receive new events, and return all events so far as the bus delivers them."""
        ids = {event["detail"]["id"] for event in self.received}
        while messages := self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                event = json.loads(message["Body"])
                if event["detail"]["id"] not in ids:
                    ids.add(event["detail"]["id"])
                    self.received.append(event)
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return self.received
