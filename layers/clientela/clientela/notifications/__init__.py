"""The mails: one module each decides whether a mail is sent, its recipient and its content.

`bounces` records bounces and complaints from SES. Called by the mail queue's function and the
table's stream.
"""
