"""The local cloud: the whole stack deployed on this machine, without an account and without Docker."""
