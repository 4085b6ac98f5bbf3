"""A page with every mail in every language: in light and dark, as on a phone and a desktop."""

import re
from html import escape
from pathlib import Path

from clientela.mail import mail_rendering
from clientela.mail.mail_rendering import RenderedMail
from clientela.schema.languages import SUPPORTED
from tools.mails import browser_checks, samples

PICTURES = (
    "sign_in_link code first",
    "welcome",
    "new_device",
    "import_result imported",
    "export_ready",
    "email_changed",
)
_DARK = "@media (prefers-color-scheme: dark)"
_STYLE = """
body { margin: 0; padding: 24px; font: 15px/1.5 system-ui, sans-serif; background: #e9e7e2; color: #1a1a1a }
nav a { margin-right: 12px } h2 { margin: 40px 0 4px } p { margin: 0 0 12px; color: #4b4945 }
div { display: flex; gap: 16px; align-items: flex-start; flex-wrap: wrap }
iframe { border: 0; border-radius: 12px; background: #fff; height: 860px }
"""
_VIEWS = (("light", 640), ("light", 320), ("dark", 640), ("dark", 320))


def write(folder: Path) -> Path:
    """Write the gallery into a folder, and return its first page."""
    store = samples.shop()
    for language in SUPPORTED:
        letters = [(s.name, mail_rendering.render(store, s.mail, language)) for s in samples.samples(store)]
        own = folder / language
        own.mkdir(parents=True, exist_ok=True)
        for name, letter in letters:
            for scheme in browser_checks.SCHEMES:
                (own / f"{_file(name)}.{scheme}.html").write_text(in_scheme(letter.html, scheme), "utf-8")
        (folder / f"{language}.html").write_text(_page(language, letters), "utf-8")
    return folder / f"{SUPPORTED[0]}.html"


def take_pictures(folder: Path) -> None:
    """Write pictures of some mails: at the width of a desktop in light, and of a phone in dark."""
    folder.mkdir(parents=True, exist_ok=True)
    store = samples.shop()
    by_name = dict(samples.samples(store))
    with browser_checks.views() as views:
        for number, name in enumerate(PICTURES):
            language = SUPPORTED[number % len(SUPPORTED)]
            letter = mail_rendering.render(store, by_name[name], language)
            for scheme, width in (("light", 640), ("dark", 320)):
                views.show(letter.html)
                views.set(scheme, width)
                views.page.screenshot(path=folder / f"{_file(name)}-{language}-{scheme}.png", full_page=True)


def in_scheme(html: str, scheme: str) -> str:
    """Return a mail as a client shows it in light or dark, whatever the reader's system prefers."""
    return html.replace(_DARK, "@media all" if scheme == "dark" else "@media not all")


def _page(language: str, letters: list[tuple[str, RenderedMail]]) -> str:
    links = "".join(f'<a href="{each}.html">{each}</a>' for each in SUPPORTED)
    mails = "".join(_mail(language, name, letter) for name, letter in letters)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Mails in {language} · Clientela</title><style>{_STYLE}</style></head>
<body><h1>Mails in {language}</h1><nav>{links}</nav>{mails}</body></html>
"""


def _mail(language: str, name: str, letter: RenderedMail) -> str:
    frames = "".join(
        f'<iframe loading="lazy" title="{escape(name)}, {scheme}, {width} px" width="{width}"'
        f' src="{language}/{_file(name)}.{scheme}.html"></iframe>'
        for scheme, width in _VIEWS
    )
    return f"<h2>{escape(name)}</h2><p>{escape(letter.subject)}</p><div>{frames}</div>\n"


def _file(name: str) -> str:
    return re.sub(r"\W+", "-", name)
