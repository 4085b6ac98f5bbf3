"""The mails: sample data, checks and a gallery."""
