"""Our texts of the mails, from the folders of mail_templates, and which merchants may change."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from clientela.schema import messages

TEMPLATES = Path(__file__).parent / "mail_templates"
# The texts that merchants may change, by their names in the templates.
FIELDS: Mapping[str, str] = {
    "subject": "subject",
    "preview": "preheader",
    "heading": "heading",
    "intro": "intro",
    "sign_off": "sign_off",
    "why": "footer",
}


@cache
def names() -> list[str]:
    """Return the names of all mails."""
    return sorted(path.parent.name for path in TEMPLATES.glob("*/texts.json"))


@cache
def of(mail: str) -> dict[str, dict[str, str]]:
    """Return the texts of a mail by language and name."""
    texts: dict[str, dict[str, str]] = json.loads((TEMPLATES / mail / "texts.json").read_text("utf-8"))
    return texts


def of_variant(mail: str, language: str, variant: str) -> dict[str, str]:
    """Return the texts of a mail in a language, those of its variant by their plain names."""
    texts, ending = of(mail)[language], f"_{variant}"
    return texts | ({key.removesuffix(ending): texts[key] for key in texts if key.endswith(ending)})


@cache
def variants(mail: str) -> dict[str, list[str]]:
    """Return the variants of a mail, each with the texts that it has for itself."""
    found: dict[str, list[str]] = {}
    for key in of(mail)["en"]:
        for text in FIELDS:
            if key != text and key.startswith(f"{text}_") and key not in FIELDS:
                found.setdefault(key.removeprefix(f"{text}_"), []).append(text)
    return found


def ours(mail: str, language: str) -> dict[str, Any]:
    """Return the texts that a merchant may change, by their public names, with the variants'."""
    texts = of(mail)[language]
    return {public: texts[name] for name, public in FIELDS.items() if name in texts} | {
        "variants": {
            variant: {FIELDS[text]: texts[f"{text}_{variant}"] for text in own}
            for variant, own in variants(mail).items()
        }
    }


@cache
def placeholders(mail: str) -> list[str]:
    """Return the placeholders of a mail's texts. None of them is a secret, such as a code."""
    return sorted({"store"} | {name for text in of(mail)["en"].values() for name in messages.placeholders(text)})
