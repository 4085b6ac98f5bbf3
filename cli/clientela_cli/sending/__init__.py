"""Order messages on their way to the queue, and dead letters on their way back to it."""
