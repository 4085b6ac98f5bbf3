"""The account on the sign-in page: a password and another address."""

import httpx
from playwright.sync_api import Page, expect
from tests.e2e.conftest import clientela
from tests.support.chromium import Mailbox, Shopper
from tests.support.sign_in_page import EN, account, ask, sees


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


def test_a_browser_is_signed_in_to_each_store_of_a_host_by_itself(
    shopper: Shopper, page_url: str, mailbox: Mailbox
) -> None:
    clientela("stores", "create", "hosted-2", "--name", "Olive & Oak", "--login-mode", "optional")
    other_url = page_url.replace("/stores/hosted/", "/stores/hosted-2/")
    first = signed_in(shopper, page_url, mailbox, "first@example.com")
    other = signed_in(shopper, other_url, mailbox, "second@example.com")
    assert (account(first)["email"], account(other)["email"]) == ("first@example.com", "second@example.com")
    kept = {cookie["name"]: cookie for cookie in shopper.context.cookies()}
    names = [f"__Host-clientela_session_{store}" for store in ("hosted", "hosted-2")]
    assert sorted(kept) == names
    assert other.evaluate("async () => (await fetch('sessions/current', { method: 'DELETE' })).status") == 204
    assert [cookie["name"] for cookie in shopper.context.cookies()] == names[:1]
    assert (account(first)["email"], account(other)["code"]) == ("first@example.com", "session_invalid")
    renamed = {"Cookie": f"{names[1]}={kept[names[0]]['value']}"}
    answer = httpx.get(other_url.replace("/sign-in", "/account"), headers=renamed, trust_env=False, timeout=60)
    assert (answer.status_code, answer.json()["code"]) == (401, "session_invalid")
