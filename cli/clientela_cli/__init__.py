"""The `clientela` command for operators, who have a shell and AWS credentials."""
