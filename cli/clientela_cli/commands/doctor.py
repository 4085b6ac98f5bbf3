"""`clientela doctor`: whether mails can be sent and will arrive, and what to do if not."""

import typer

from clientela import settings
from clientela.mail import sender_checks
from clientela.stores import stores
from clientela_cli.console import options, output
from clientela_cli.console.exit_codes import FAILED


def doctor(context: typer.Context, json: options.Json = False) -> None:
    """Check the account of SES and the senders of all stores: identity, DKIM, DMARC, MAIL FROM.

    The exit code is 1 if there is a problem.
    """
    context.obj()
    own = [stores.read(store_id).sender for store_id in stores.list_ids()]
    checks = sender_checks.run([settings.sender_address(), *filter(None, own)])
    if json:
        output.json([check._asdict() for check in checks])
    else:
        rows = [(check.subject, check.check, check.result, check.found, check.advice) for check in checks]
        output.table(["About", "Check", "Result", "Found", "What to do"], rows)
    if any(check.result == "problem" for check in checks):
        raise typer.Exit(FAILED)
