"""The sign-in page in a real Chromium, served by the deployed local cloud, with the mails it really sends."""

import re
from typing import Any

import httpx
import pytest
from local.outputs import Outputs
from playwright.sync_api import Route, expect
from tests.e2e.conftest import MakeClient
from tests.support.chromium import Mailbox, Shopper
from tests.support.sign_in_page import EN, TEXTS, account, ask, sees


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
    page.get_by_label(EN["code"]).fill(f"Code: {code[:4]}\u2013{code[4:]} ")  # as pasted
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
