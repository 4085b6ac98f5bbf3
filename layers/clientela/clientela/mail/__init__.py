"""Mail in general: queue one, render one in the best language, deliver one exactly once.

It knows no mail in particular: each mail is a module of `notifications` and a folder of `mail_templates`.
"""
