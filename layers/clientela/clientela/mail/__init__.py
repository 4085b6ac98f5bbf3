"""Mails in general: queue a mail, render it in the best language, deliver it exactly once.

Each particular mail is a module of `notifications` and a folder of `mail_templates`.
"""
