"""The context that Lambda gives a function."""


class FunctionContext:
    """A context with five minutes left."""

    function_name, memory_limit_in_mb, aws_request_id = "function", 512, "request"
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:function"

    def get_remaining_time_in_millis(self) -> int:
        return 300_000
