"""A cache in memory whose entries expire."""

import time


class TimedCache[K, V]:
    """Values by key, each valid for `seconds`, in the memory of one function instance."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._entries: dict[K, tuple[float, V]] = {}

    def get(self, key: K) -> V | None:
        """Return the value, or None if it is missing or expired."""
        entry = self._entries.get(key)
        return entry[1] if entry and time.monotonic() - entry[0] < self._seconds else None

    def put(self, key: K, value: V) -> None:
        """Store a value for `seconds` from now."""
        self._entries[key] = (time.monotonic(), value)

    def discard(self, key: K) -> None:
        """Remove a value, so that the next reader reads it from the table."""
        self._entries.pop(key, None)

    def clear(self) -> None:
        """Remove all values."""
        self._entries.clear()
