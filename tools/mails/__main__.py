"""`python -m tools.mails check | gallery FOLDER | pictures FOLDER`: the mails checked or shown."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from clientela.mail import mail_rendering
from clientela.schema.languages import SUPPORTED
from clientela.stores.stores import Store
from tools.mails import browser_checks, checks, gallery, samples

# A store whose look is hard on a mail: a name that does not break, a pale colour, a logo.
HARD = samples.shop("Donaudampfschifffahrtsgesellschaft <b>&amp;</b> 商店", "#ffe08a", samples.LOGO)


def check() -> int:
    """Print every issue of every mail, language, scheme and width, and how many there are."""
    cases = [(samples.shop(), language) for language in SUPPORTED] + [(HARD, "en")]
    found = views = mails = 0
    with browser_checks.views() as browser:
        for store, language in cases:
            for sample in samples.samples(store):
                for view, issue in _issues(browser, store, sample, language):
                    print(f"{sample.name}, {language}, {view}: {issue}")
                    found += 1
                mails += 1
                views += len(browser_checks.SCHEMES) * len(browser_checks.WIDTHS)
    names = len(samples.samples(samples.shop()))
    print(
        f"{found} issues in {names} mails x {len(SUPPORTED)} languages x light and dark x 320 and 640 px, "
        f"and in those of a store with a difficult look: {views} views"
    )
    return 1 if found else 0


def _issues(
    browser: browser_checks.Views, store: Store, sample: samples.Sample, language: str
) -> Iterator[tuple[str, str]]:
    letter = mail_rendering.render(store, sample.mail, language)
    for issue in checks.issues(store, sample.mail, letter, language):
        yield "HTML and text", issue
    yield from browser_checks.issues(browser, letter.html, store.branding.logo_url)


def main() -> int:
    """Run the command of this process."""
    os.environ.setdefault("SENDER_ADDRESS", "shop@example.com")
    os.environ.setdefault("EMAIL_CONFIGURATION_SET", "clientela-check")
    match sys.argv[1:]:
        case ["check"]:
            return check()
        case ["gallery", folder]:
            print(gallery.write(Path(folder)))
            return 0
        case ["pictures", folder]:
            gallery.take_pictures(Path(folder))
            return 0
    print("usage: python -m tools.mails check | gallery FOLDER | pictures FOLDER", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
