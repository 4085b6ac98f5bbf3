"""The sign-in page with storefronts: its element on their pages, the way back, a store without accounts."""

import re
from collections.abc import Iterator

import pytest
from local.outputs import Outputs
from playwright.sync_api import expect
from tests.e2e.conftest import clientela
from tests.support import chromium
from tests.support.chromium import Mailbox, Shopper
from tests.support.sign_in_page import EN, ask, sees


@pytest.fixture(scope="module")
def shop(cloud: Outputs) -> Iterator[str]:
    """The origin of the storefronts' own pages."""
    with chromium.storefront(f"{cloud.api_url}/v1/stores/embedded") as origin:
        yield origin


@pytest.fixture(scope="module")
def embedded(cloud: Outputs, shop: str) -> str:
    """A storefront's own page, with the element in it."""
    clientela(
        "stores",
        "create",
        "embedded",
        "--name",
        "Embedded",
        "--login-mode",
        "optional",
        "--storefront-url",
        shop,
        "--sign-in-path",
        "/account",
    )
    return f"{shop}/account"


def test_element_signs_in_on_a_page_of_the_storefront(shopper: Shopper, embedded: str, mailbox: Mailbox) -> None:
    page = shopper.page(embedded)
    ask(page, "embedded@example.com")
    sees(page, "sent")
    link, _ = mailbox.newest("embedded@example.com")
    assert link.startswith(f"{embedded}#token=")
    pressed = shopper.page(link)
    for tab in (pressed, page):
        expect(tab.get_by_text("Signed in as embedded@example.com")).to_be_visible()
        sees(tab, "done")
    assert pressed.url == embedded


def test_hosted_page_hands_the_session_to_the_storefront_that_sent_the_shopper(
    shopper: Shopper, stranger: Shopper, embedded: str, shop: str, mailbox: Mailbox
) -> None:
    page = shopper.page(f"{shop}/hosted")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/stores/embedded/sign-in?return_to=*")
    ask(page, "trip@example.com")
    assert "attempt" not in page.url
    _, code = mailbox.newest("trip@example.com")
    page.get_by_label(EN["code"]).fill(code)
    with page.expect_navigation(url=re.compile(re.escape(f"{shop}/hosted#clientela="))) as back:
        page.get_by_role("button", name=EN["enter"]).click()
    expect(page.get_by_text("Signed in as trip@example.com")).to_be_visible()
    assert page.url == f"{shop}/hosted"
    # The same address signs nobody else in: the trip did not begin there.
    forced = stranger.page(back.value.url if back.value else "")
    forced.wait_for_timeout(500)
    assert stranger.posts == []
    expect(forced.get_by_text("Signed in as")).to_have_count(0)


def test_store_without_accounts_says_so(shopper: Shopper, cloud: Outputs) -> None:
    clientela("stores", "create", "closed", "--name", "Olive & Oak", "--login-mode", "disabled")
    sees(shopper.page(f"{cloud.api_url}/v1/stores/closed/sign-in"), "disabled")
