"""The local cloud: the whole stack on this machine, without an AWS account or Docker."""
