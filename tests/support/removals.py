"""The removal queue of tests: what was sent waits until it is worked on, however long it would be delayed."""

import json
from pathlib import Path
from typing import Any

import removals
from clientela.lifecycle.removal_queue import GroupRemoval, Removal

_SAMPLE = json.loads((Path(__file__).parents[2] / "events" / "sqs_removal.json").read_text("utf-8"))["Records"][0]


class _Context:
    def __init__(self, milliseconds: int) -> None:
        self._milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self._milliseconds


class Waiting:
    """What waits in the queue."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    def put(self, message: Removal | GroupRemoval, delay: int) -> None:
        """Stands for `removal_queue.put_message`."""
        self.messages.append(message.model_dump(mode="json"))

    def work(self, milliseconds: int = 600_000) -> None:
        """Let the function work on all that waits, which has so much time left; what fails fails the test."""
        taken, self.messages = self.messages, []
        for number, message in enumerate(taken):
            record = _SAMPLE | {"messageId": f"m{number}", "body": json.dumps(message)}
            answer: Any = removals.handler({"Records": [record]}, _Context(milliseconds))
            assert answer == {"batchItemFailures": []}
