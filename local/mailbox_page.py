"""The mailbox as HTML pages: a list with a search, and a page for each mail.

They have no scripts, and load only the images of the mails.
"""

from html import escape
from urllib.parse import urlencode

from local.mailbox import Mail, sign_in_link

# Styles and images of mails are allowed; scripts are not, neither in the page nor in a mail.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data: https:; frame-ancestors 'none'; base-uri 'none'"
VIEWS = (("light", 640), ("light", 320), ("dark", 640), ("dark", 320))  # and widths of a desktop and a phone

_DARK = "@media (prefers-color-scheme: dark)"
_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
article { border: 1px solid #8886; border-radius: 8px; padding: 1rem; margin: 1rem 0 }
h2 { font-size: 1.1rem; margin: 0 }
p.meta { margin: 0 0 .75rem; opacity: .8 }
a.open, button { display: inline-block; background: #14532d; color: #fff; padding: .4rem .9rem; border: 0;
  border-radius: 6px; font: inherit; text-decoration: none }
input { font: inherit; padding: .35rem .6rem; width: min(24rem, 60%) }
.views { display: flex; flex-wrap: wrap; gap: 1rem }
figure { margin: 0 }
iframe { height: 46rem; max-width: 100%; border: 1px solid #8886; border-radius: 8px }
iframe.light { background: #fff; color-scheme: light }
iframe.dark { background: #191918; color-scheme: dark }
pre { white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid #8886; border-radius: 8px; padding: 1rem }
dt { font-weight: bold }
dd { margin: 0 0 .4rem; overflow-wrap: anywhere }
"""


def page(mails: list[Mail], words: str = "") -> str:
    """Return the list of the mails in their order, with what is searched for."""
    none = "No mail has these words." if words else "No mail has been sent yet. Reload the page to check again."
    body = "\n".join(map(_entry, mails)) or f"<p>{none}</p>"
    return _document(
        f"Mailbox ({len(mails)})",
        f"""<h1>Mailbox</h1>
<p>Mails that the local cloud would have sent, newest first. Also as <a href="/messages.json">JSON</a>.</p>
<form role="search"><label>Search <input type="search" name="q" value="{escape(words)}"></label>
<button>Search</button></form>
{body}""",
    )


def mail_page(mail: Mail) -> str:
    """Return the page of one mail: its HTML in four views, its text and its headers."""
    views = "".join(_view(mail.html, scheme, width) for scheme, width in VIEWS) if mail.html else ""
    headers = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in mail.headers)
    return _document(
        mail.subject,
        f"""<p><a href="/">All mails</a></p>
<h1>{escape(mail.subject)}</h1>
{_meta(mail)}{_button(mail)}
<h2>As it looks</h2><div class="views">{views or "The mail has no HTML."}</div>
<h2>Text</h2><pre>{escape(mail.text)}</pre>
<h2>Headers</h2><dl>{headers}</dl>""",
    )


def _document(title: str, body: str) -> str:
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{escape(title)} · Clientela</title><style>{_STYLE}</style></head>
<body>{body}
</body></html>
"""


def _entry(mail: Mail) -> str:
    address = escape(f"/mail?{urlencode({'id': mail.id})}")
    return f"""<article><h2><a href="{address}">{escape(mail.subject)}</a></h2>
{_meta(mail)}{_button(mail)}</article>"""


def _meta(mail: Mail) -> str:
    to, sender, at = (escape(text) for text in (", ".join(mail.to), mail.sender, mail.sent_at))
    return f'<p class="meta">to {to} · from {sender} · <time>{at}</time></p>\n'


def _button(mail: Mail) -> str:
    """Return a button that opens the link of the mail: the one with a token, else the first."""
    token_link = sign_in_link(mail)
    link = token_link or next(iter(mail.links()), None)
    if link is None:
        return ""
    attributes = f'class="open" href="{escape(link)}" target="_blank" rel="noopener noreferrer"'
    return f"<p><a {attributes}>{'Open the sign-in link' if token_link else 'Open the link'}</a></p>\n"


def _view(html: str, scheme: str, width: int) -> str:
    # Links open in a new tab without the sandbox. Inside it, nothing can run scripts or submit
    # forms.
    sandbox = "allow-popups allow-popups-to-escape-sandbox"
    shown = html.replace(_DARK, "@media all" if scheme == "dark" else "@media not all")
    caption = f"{scheme}, {width} px"
    return (
        f'<figure><figcaption>{caption}</figcaption><iframe class="{scheme}" width="{width}" sandbox="{sandbox}"'
        f' title="The mail as sent: {caption}" srcdoc="{escape(_new_tab(shown))}"></iframe></figure>\n'
    )


def _new_tab(document: str) -> str:
    return document.replace("<head>", '<head><base target="_blank">', 1) if "<head>" in document else document
