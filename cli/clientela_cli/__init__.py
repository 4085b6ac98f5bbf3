"""The `clientela` command: what operators do from a shell, with AWS credentials."""
