"""The mails: one module for each, which decides whether it is sent, to whom and with what content.

`bounces` records what SES reports afterwards. Called by the mail queue's function and the table's stream.
"""
