"""`clientela mails`: list, show, change, reset, preview, test."""

from pathlib import Path
from typing import Annotated, Any

import typer

from clientela import clock
from clientela.concurrency import retry_on_conflict
from clientela.errors import VersionConflictError
from clientela.mail import mail_words
from clientela.mail.mail_words import MailTexts, MailWords, OwnWords
from clientela.notifications import mail_previews
from clientela.notifications.mail_previews import PreviewRequest
from clientela.stores import stores
from clientela_cli import deployment
from clientela_cli.commands import field_changes
from clientela_cli.console import options, output

app = typer.Typer(help="The words of a store's mails.", no_args_is_help=True)

Mail = Annotated[str, typer.Argument(metavar="MAIL", help="The mail, e.g. welcome.", show_default=False)]
Language = Annotated[str, typer.Argument(metavar="LANGUAGE", help="Its language, e.g. es.", show_default=False)]
Variant = Annotated[str | None, typer.Option(help="The variant, e.g. failed of import_result.", show_default=False)]


@app.command("list")
def list_(
    context: typer.Context,
    store_id: options.Store,
    own: Annotated[bool, typer.Option("--own", help="Only mails with words of the store.")] = False,
    json: options.Json = False,
) -> None:
    """List the mails with their subjects, in every language of the store."""
    context.obj()
    mails = [each for each in mail_words.list_all(stores.read(store_id)) if not own or each.own != OwnWords()]
    if json:
        return output.json(mails)
    rows = [(each.mail, each.language, _subject(each), "own" if each.own != OwnWords() else "") for each in mails]
    return output.table(["Mail", "Language", "Subject", "Words"], rows)


@app.command()
def show(
    context: typer.Context, store_id: options.Store, mail: Mail, language: Language, json: options.Json = False
) -> None:
    """Show the words of a mail, with its placeholders."""
    context.obj()
    words = mail_words.get(stores.read(store_id), mail, language)
    if json:
        return output.json(words)
    fields = words.model_dump(mode="json", exclude={"ours"})
    ours = words.ours.model_dump(mode="json", exclude_none=True)
    return output.settings(dict(field_changes.flatten(fields | {"ours": ours})))


@app.command()
def change(
    context: typer.Context,
    store_id: options.Store,
    mail: Mail,
    language: Language,
    fields: field_changes.Fields = None,
    patch: field_changes.Patch = None,
    json: options.Json = False,
) -> None:
    """Change the words of a mail, and print what changed.

    For example `--set "subject=Welcome to {store}" --set sign_off=null`; null returns to ours.
    """
    changes = field_changes.read(OwnWords, patch, fields)
    context.obj()
    _change(store_id, mail, language, changes, json)


@app.command()
def reset(
    context: typer.Context, store_id: options.Store, mail: Mail, language: Language, json: options.Json = False
) -> None:
    """Return to our words."""
    context.obj()
    _change(store_id, mail, language, dict.fromkeys(OwnWords.model_fields), json)


@app.command()
def preview(
    context: typer.Context,
    store_id: options.Store,
    mail: Mail,
    language: Language,
    variant: Variant = None,
    fields: field_changes.Fields = None,
    patch: field_changes.Patch = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Write the HTML to a file.", dir_okay=False)
    ] = None,
    json: options.Json = False,
) -> None:
    """Show a mail with sample data, and with changes that are not stored."""
    changes = field_changes.read_optional(OwnWords, patch, fields)
    context.obj()
    request = PreviewRequest(words=changes, variant=variant)
    shown = mail_previews.preview(stores.read(store_id), mail, language, request)
    if html:
        html.write_text(shown.html, "utf-8")
    if json:
        return output.json(shown)
    output.details(subject=shown.subject)
    return output.content(shown.text)


@app.command("test")
def send_test(
    context: typer.Context, store_id: options.Store, mail: Mail, language: Language, json: options.Json = False
) -> None:
    """Send a mail with sample data to the store's notification_email."""
    context.obj()
    sent = mail_previews.send_test(stores.read(store_id), mail, language, clock.now())
    if json:
        return output.json(sent)
    return output.details(mail=sent.mail, language=sent.language, to=sent.email)


def _change(store_id: str, mail: str, language: str, changes: dict[str, Any], json: bool) -> None:
    store, by = stores.read(store_id), deployment.operator()

    def attempt() -> tuple[MailWords, MailWords]:
        before = mail_words.get(store, mail, language)
        return before, mail_words.patch(store, mail, language, changes, clock.now(), before.version, by)

    before, after = retry_on_conflict(attempt, (VersionConflictError,))
    if json:
        return output.json(after)
    return field_changes.print_changes(before, after, OwnWords.model_fields)


def _subject(words: MailWords) -> str:
    """Return the subject that is sent, or those of the variants."""
    texts = [words, *words.variants.values()]
    own = [each.subject for each in texts if each.subject]
    ours: list[MailTexts] = [words.ours, *words.ours.variants.values()]
    return " / ".join(own or [each.subject for each in ours if each.subject])
