"""Sample stores and every mail with sample data: for the tests, the checks and the gallery."""

from clientela.notifications.mail_samples import CODE, LINK, NOW, Sample, order, samples
from clientela.stores.setting_groups import Branding
from clientela.stores.stores import Store

__all__ = ["CODE", "LINK", "LOGO", "NOW", "Sample", "order", "samples", "shop"]

LOGO = "https://shop.example.com/logo.png"


def shop(name: str = "Café Söhne", colour: str = "#1f4f46", logo: str | None = None) -> Store:
    """Return a store that is not saved: rendering a mail needs no AWS."""
    return Store(
        id="demo",
        name=name,
        storefront_url="https://shop.example.com",
        timezone="Europe/Madrid",
        created_at=NOW,
        updated_at=NOW,
        branding=Branding(colour=colour, logo_url=logo),
    )
