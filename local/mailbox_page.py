"""The mailbox as one HTML page. It has no scripts, and loads only the images of the mails."""

from html import escape

from local.mailbox import Mail, sign_in_link

# Styles and images of mails are allowed; scripts are not, neither in the page nor in a mail.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data: https:; frame-ancestors 'none'; base-uri 'none'"

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 50rem; margin: 2rem auto; padding: 0 1rem }
article { border: 1px solid #8886; border-radius: 8px; padding: 1rem; margin: 1rem 0 }
h2 { font-size: 1.1rem; margin: 0 }
p.meta { margin: 0 0 .75rem; opacity: .75 }
a.sign-in { display: inline-block; background: #14532d; color: #fff; padding: .4rem .9rem; border-radius: 6px }
iframe { width: 100%; height: 26rem; border: 1px solid #8886; background: #fff; color-scheme: light }
pre { white-space: pre-wrap; overflow-wrap: anywhere }
summary { cursor: pointer; margin: .5rem 0 }
"""


def page(mails: list[Mail]) -> str:
    """Return the whole page with the mails in their order."""
    body = (
        "\n".join(_article(mail) for mail in mails)
        or "<p>No mail has been sent yet. Reload the page to check again.</p>"
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Mailbox ({len(mails)}) · Clientela</title><style>{_STYLE}</style></head>
<body><h1>Mailbox</h1>
<p>Mails that the local cloud would have sent, newest first. Also as <a href="/messages.json">JSON</a>.</p>
{body}
</body></html>
"""


def _article(mail: Mail) -> str:
    return f"""<article><h2>{escape(mail.subject)}</h2>
<p class="meta">to {escape(", ".join(mail.to))} · from {escape(mail.sender)} · <time>{escape(mail.sent_at)}</time></p>
{_sign_in(mail)}{_html(mail)}
<details{"" if mail.html else " open"}><summary>Text</summary><pre>{escape(mail.text)}</pre></details>
</article>"""


def _sign_in(mail: Mail) -> str:
    link = sign_in_link(mail)
    if link is None:
        return ""
    attributes = f'class="sign-in" href="{escape(link)}" target="_blank" rel="noopener noreferrer"'
    return f"<p><a {attributes}>Open the sign-in link</a></p>\n"


def _html(mail: Mail) -> str:
    if not mail.html:
        return ""
    # Links open in a new tab without the sandbox. Inside it, nothing can run scripts or submit
    # forms.
    sandbox = "allow-popups allow-popups-to-escape-sandbox"
    return f'<iframe sandbox="{sandbox}" title="The mail as sent" srcdoc="{escape(_new_tab(mail.html))}"></iframe>\n'


def _new_tab(document: str) -> str:
    return document.replace("<head>", '<head><base target="_blank">', 1) if "<head>" in document else document
