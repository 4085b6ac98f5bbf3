"""The commands, one module per group, with the parts that only they use."""
