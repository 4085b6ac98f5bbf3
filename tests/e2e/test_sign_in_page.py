"""The sign-in page in a real Chromium, served by the deployed local cloud, with the mails it really sends."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from local.outputs import Outputs
from playwright.sync_api import Browser, Page, Route, expect
from tests.e2e.conftest import MakeClient, clientela
from tests.support import chromium
from tests.support.chromium import Mailbox, Shopper

from clientela.storefront import hosted_sign_in

TEXTS = json.loads(hosted_sign_in.file("texts.json"))
EN = TEXTS["en"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium.browser() as started:
        yield started


@pytest.fixture
def shopper(browser: Browser) -> Iterator[Shopper]:
    """Somebody with a fresh browser. No script of a page may fail under their hands."""
    someone = Shopper(browser)
    yield someone
    someone.context.close()
    assert not someone.errors


@pytest.fixture
def stranger(browser: Browser) -> Iterator[Shopper]:
    """Somebody else, or the same person on another device."""
    someone = Shopper(browser, viewport={"width": 375, "height": 667})
    yield someone
    someone.context.close()
    assert not someone.errors


@pytest.fixture(scope="module")
def shop(cloud: Outputs) -> Iterator[str]:
    """The origin of the storefronts' own pages."""
    with chromium.storefront(f"{cloud.api_url}/v1/stores/embedded") as origin:
        yield origin


@pytest.fixture(scope="module")
def page_url(cloud: Outputs) -> str:
    """The hosted page of a store that has no storefront."""
    clientela("stores", "create", "hosted", "--name", "Olive & Oak", "--login-mode", "optional")
    key = clientela("keys", "create", "hosted", "--name", "e2e")["key"]
    branded = {"branding": {"colour": "#f2c14e"}, "country": "ES"}
    patched = httpx.patch(
        f"{cloud.api_url}/v1/stores/hosted/settings",
        json=branded,
        trust_env=False,
        timeout=60,
        headers={"Authorization": f"Bearer {key}"},
    )
    assert patched.status_code == 200, patched.text
    return f"{cloud.api_url}/v1/stores/hosted/sign-in"


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


@pytest.fixture(scope="module")
def mailbox(cloud: Outputs) -> Mailbox:
    return Mailbox(cloud)


@pytest.fixture
def table(cloud: Outputs, cloud_client: MakeClient) -> Any:
    """The table, for what only time would do: let limits pass, or a link expire."""
    return Table(cloud_client("dynamodb"), cloud.table)


class Table:
    def __init__(self, dynamodb: Any, name: str) -> None:
        self.dynamodb, self.name = dynamodb, name

    def forget_limits(self) -> None:
        for key in self._keys("LIMIT#"):
            self.dynamodb.delete_item(TableName=self.name, Key=key)

    def expire(self, request_id: str) -> None:
        """Make a sign-in request one that has expired."""
        (key,) = self._keys(f"STORE#hosted#SIGN_IN#{request_id}", "REQUEST")
        self.dynamodb.update_item(
            TableName=self.name,
            Key=key,
            UpdateExpression="SET expires_at = :then",
            ExpressionAttributeValues={":then": {"S": "2026-01-01T00:00:00.000000Z"}},
        )

    def _keys(self, pk: str, sk: str = "") -> list[dict[str, Any]]:
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=self.name)
        items = [item for page in pages for item in page["Items"]]
        found = [{"pk": item["pk"], "sk": item["sk"]} for item in items]
        return [key for key in found if key["pk"]["S"].startswith(pk) and key["sk"]["S"].startswith(sk)]


def sees(page: Page, key: str, language: str = "en") -> None:
    """The heading of a view is there, in its words, and nothing in it shuts anybody out (axe-core's WCAG rules)."""
    heading = TEXTS[language][key].replace("{store}", "Olive & Oak")
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
    found = Axe().run(
        page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    )
    assert found.violations_count == 0, found.generate_report()


def ask(page: Page, email: str) -> None:
    page.get_by_label(EN["email"]).fill(email)
    page.get_by_role("button", name=EN["send"]).click()
    expect(page.get_by_label(EN["code"])).to_be_visible()


def account(page: Page) -> Any:
    """The account that the browser's cookie opens."""
    return page.evaluate("async () => (await fetch('account', { credentials: 'include' })).json()")


def test_link_signs_in_the_browser_that_asked_and_tells_the_waiting_tab(
    shopper: Shopper, page_url: str, mailbox: Mailbox
) -> None:
    waiting = shopper.page(page_url)
    sees(waiting, "title")
    ask(waiting, "ana@example.com")
    sees(waiting, "sent")
    link, _ = mailbox.newest("ana@example.com")
    assert link.startswith(f"{page_url}#token=")
    pressed = shopper.page(link)
    sees(pressed, "done")
    assert pressed.url == page_url
    assert account(pressed)["email"] == "ana@example.com"
    sees(waiting, "done")
    expect(waiting.get_by_text(EN["done_elsewhere"])).to_be_visible()
    (cookie,) = shopper.context.cookies()
    assert (cookie["httpOnly"], cookie["secure"]) == (True, True)
    assert cookie["name"].startswith("__Host-clientela_session_")


def test_keyboard_is_enough_and_a_code_may_be_pasted_as_it_stands_in_the_mail(
    shopper: Shopper, page_url: str, mailbox: Mailbox
) -> None:
    page = shopper.page(page_url)
    page.get_by_label(EN["email"]).wait_for()
    keys = page.keyboard
    keys.press("Tab")
    keys.type("no address")
    keys.press("Enter")
    expect(page.get_by_role("alert")).to_have_text(EN["email_invalid"])
    expect(page.get_by_label(EN["email"])).to_be_focused()
    sees(page, "title")
    keys.press("ControlOrMeta+a")
    keys.type("keys@example.com")
    keys.press("Enter")
    expect(page.get_by_label(EN["code"])).to_be_focused()
    expect(page.get_by_role("status")).to_have_text(EN["sent"])
    _, code = mailbox.newest("keys@example.com")
    assert re.fullmatch(r"\d{3} \d{3}", code)
    keys.insert_text("000 00")
    keys.press("Enter")
    expect(page.get_by_role("alert")).to_have_text(EN["code_invalid"])
    keys.press("ControlOrMeta+a")
    keys.insert_text("000 000" if code != "000 000" else "000 001")
    keys.press("Tab")
    keys.press("Enter")
    expect(page.get_by_role("alert")).to_have_text(EN["code_wrong"])
    keys.press("ControlOrMeta+a")
    keys.insert_text(code)
    keys.press("Enter")
    sees(page, "done")
    expect(page.get_by_role("heading")).to_be_focused()
    assert account(page)["email"] == "keys@example.com"


def test_another_browser_needs_the_code_of_the_mail(
    shopper: Shopper, stranger: Shopper, page_url: str, mailbox: Mailbox
) -> None:
    ask(shopper.page(page_url), "two@example.com")
    link, code = mailbox.newest("two@example.com")
    page = stranger.page(link)
    sees(page, "other")
    assert page.url == page_url
    assert stranger.posts == [{"token": link.partition("#token=")[2]}]
    page.get_by_label(EN["code"]).fill(code)
    page.get_by_role("button", name=EN["enter"]).click()
    sees(page, "done")
    assert account(page)["email"] == "two@example.com"


def test_scanner_that_opens_runs_and_presses_everything_uses_nothing_up(
    shopper: Shopper, stranger: Shopper, page_url: str, mailbox: Mailbox
) -> None:
    waiting = shopper.page(page_url)
    ask(waiting, "scanned@example.com")
    link, _ = mailbox.newest("scanned@example.com")
    for method in ("GET", "HEAD", "OPTIONS"):
        assert httpx.request(method, link, trust_env=False, timeout=60).status_code < 300
    scanner = stranger.page(link)
    sees(scanner, "other")
    pressed = set[str]()
    while unknown := [name for name in scanner.get_by_role("button").all_inner_texts() if name not in pressed]:
        for field in scanner.locator("input").all():
            field.fill("scanner")
        scanner.get_by_role("button", name=unknown[0], exact=True).click()
        pressed.add(unknown[0])
    assert pressed == {EN[key] for key in ("enter", "change", "send", "use_password", "use_link")}
    assert all(set(post) == {"token"} for post in stranger.posts)
    assert not stranger.context.cookies()
    page = shopper.page(link)
    sees(page, "done")
    assert account(page)["email"] == "scanned@example.com"


def test_used_link_is_told_and_one_tap_sends_another(
    shopper: Shopper, page_url: str, mailbox: Mailbox, table: Table
) -> None:
    waiting = shopper.page(page_url)
    ask(waiting, "used@example.com")
    link, code = mailbox.newest("used@example.com")
    waiting.get_by_label(EN["code"]).fill(code)
    waiting.get_by_role("button", name=EN["enter"]).click()
    sees(waiting, "done")
    page = shopper.page(link)
    sees(page, "link_used")
    again = page.get_by_role("button", name=EN["resend"])
    again.click()
    expect(page.get_by_role("alert")).to_contain_text(EN["too_many_requests"].split("{time}")[0])
    expect(again).to_have_attribute("aria-disabled", "true")
    expect(again).to_have_text(re.compile(r"\(\d+ s\)"))
    sees(page, "link_used")
    table.forget_limits()
    page = shopper.page(link)
    page.get_by_role("button", name=EN["resend"]).click()
    sees(page, "sent")
    newer, _ = mailbox.newest("used@example.com", 2)
    sees(shopper.page(newer), "done")


def test_expired_link_is_told_in_any_browser(
    shopper: Shopper, stranger: Shopper, page_url: str, mailbox: Mailbox, table: Table
) -> None:
    ask(shopper.page(page_url), "late@example.com")
    link, _ = mailbox.newest("late@example.com")
    table.expire(link.partition("#token=")[2].split(".")[0])
    table.forget_limits()
    elsewhere = stranger.page(link)
    sees(elsewhere, "link_expired")
    expect(elsewhere.get_by_label(EN["email"])).to_be_visible()
    page = shopper.page(link)
    sees(page, "link_expired")
    page.get_by_role("button", name=EN["resend"]).click()
    sees(page, "sent")
    newer, _ = mailbox.newest("late@example.com", 2)
    sees(shopper.page(newer), "done")


def test_lost_reply_is_asked_for_again_and_opens_one_session(shopper: Shopper, page_url: str, mailbox: Mailbox) -> None:
    page = shopper.page(page_url)
    ask(page, "lost@example.com")
    _, code = mailbox.newest("lost@example.com")
    answers: list[int] = []

    def lose_the_first(route: Route) -> None:
        # Chromium itself says which site asks, after the request has passed here.
        answer = route.fetch(headers=route.request.headers | {"sec-fetch-site": "same-origin"})
        answers.append(answer.status)
        if len(answers) == 1:
            route.abort()
        else:
            route.fulfill(response=answer)

    page.route("**/sessions", lose_the_first)
    page.get_by_label(EN["code"]).fill(code)
    page.get_by_role("button", name=EN["enter"]).click()
    sees(page, "done")
    assert answers == [201, 201]
    devices = page.evaluate("async () => (await fetch('account/sessions', { credentials: 'include' })).json()")
    assert len(devices["items"]) == 1


def test_without_a_network_nothing_is_lost(shopper: Shopper, page_url: str) -> None:
    page = shopper.page(page_url)
    page.get_by_label(EN["email"]).fill("offline@example.com")
    shopper.context.set_offline(True)
    page.get_by_role("button", name=EN["send"]).click()
    expect(page.get_by_role("alert")).to_have_text(EN["offline"])
    shopper.context.set_offline(False)
    page.get_by_role("button", name=EN["send"]).click()
    sees(page, "sent")


@pytest.mark.parametrize("language", TEXTS)
def test_every_language_has_its_own_words_and_fits_a_small_screen(
    shopper: Shopper, page_url: str, language: str
) -> None:
    page = shopper.context.new_page()
    page.set_viewport_size({"width": 320, "height": 568})  # also what 400 % zoom leaves of 1280 pixels: WCAG 1.4.10
    page.goto(f"{page_url}?language={language}")
    sees(page, "title", language)
    expect(page.get_by_label(TEXTS[language]["email"])).to_be_visible()
    assert page.locator("html").get_attribute("lang") == language
    page.get_by_label(TEXTS[language]["email"]).fill(f"{language}@example.com")
    page.get_by_role("button", name=TEXTS[language]["send"]).click()
    sees(page, "sent", language)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


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


def signed_in(shopper: Shopper, page_url: str, mailbox: Mailbox, email: str) -> Page:
    """A tab of somebody who has just signed in by the code."""
    page = shopper.page(page_url)
    ask(page, email)
    page.get_by_label(EN["code"]).fill(mailbox.newest(email)[1])
    page.get_by_role("button", name=EN["enter"]).click()
    expect(page.get_by_role("heading", name=EN["done"])).to_be_visible()
    return page


def posted(page: Page, path: str, body: dict[str, str]) -> int:
    """The status of a call that the page makes with the browser's cookie."""
    call = """async ([path, body]) => (await fetch(path, { method: "POST", credentials: "include", body: JSON.stringify(body),
        headers: { "Content-Type": "application/json" } })).status"""
    return int(page.evaluate(call, [path, body]))


def test_password_is_another_way_in(shopper: Shopper, page_url: str, mailbox: Mailbox) -> None:
    page = signed_in(shopper, page_url, mailbox, "word@example.com")
    assert posted(page, "account/password", {"password": "correct horse battery"}) < 300
    shopper.context.clear_cookies()
    page = shopper.page(page_url)
    page.get_by_role("button", name=EN["use_password"]).click()
    expect(page.get_by_label(EN["password"])).to_be_visible()
    sees(page, "title")
    page.get_by_label(EN["email"]).fill("word@example.com")
    for typed in ("", "wrong horse battery"):
        page.get_by_label(EN["password"]).fill(typed)
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text(EN["credentials_wrong"])
    page.get_by_label(EN["password"]).fill("correct horse battery")
    page.keyboard.press("Enter")
    sees(page, "done")
    assert account(page)["email"] == "word@example.com"


def test_change_of_address_is_confirmed_and_taken_back_by_a_press_alone(
    shopper: Shopper, stranger: Shopper, page_url: str, mailbox: Mailbox
) -> None:
    page = signed_in(shopper, page_url, mailbox, "before@example.com")
    assert posted(page, "account/email-change", {"email": "after@example.com"}) == 202
    link, _ = mailbox.newest("after@example.com")
    scanner = stranger.page(link)
    scanner.get_by_role("button", name=EN["confirm"]).click()
    expect(scanner.get_by_role("alert")).to_have_text(EN["session_invalid"].replace("{store}", "Olive & Oak"))
    opened = shopper.page(link)
    sees(opened, "email_change")
    assert (opened.url, account(opened)["email"]) == (page_url, "before@example.com")
    opened.get_by_role("button", name=EN["confirm"]).click()
    sees(opened, "changed")
    assert account(opened)["email"] == "after@example.com"
    notice, _ = mailbox.newest("before@example.com", 2)
    elsewhere = stranger.page(notice)
    sees(elsewhere, "email_revert")
    assert account(opened)["email"] == "after@example.com"
    elsewhere.get_by_role("button", name=EN["revert"]).click()
    sees(elsewhere, "reverted")
    assert account(opened)["code"] == "session_invalid"
