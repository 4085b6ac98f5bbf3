"""The mailbox: links in mails, and a page that mails cannot break out of."""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from local import mailbox, mailbox_page
from local.mailbox_server import mailbox_server

LINK = "https://shop.example/sign-in#token=abc&request=1"


def record(**changes: Any) -> dict[str, Any]:
    return {
        "MessageId": "m1",
        "Source": "Shop <shop@shop.example>",
        "To": ["ana@example.com"],
        "Subject": "Your sign-in link",
        "BodyText": f"Open {LINK}.\nOr type 123456.",
        "BodyHtml": f'<p><a class="button" href="{LINK.replace("&", "&amp;")}">Sign in</a></p>',
        "Timestamp": 1790000000.25,
        **changes,
    }


def mails(*records: dict[str, Any]) -> list[mailbox.Mail]:
    return mailbox.parse({"messages": {"000000000000": list(records)}})


def test_a_link_in_text_and_html_is_found_once_without_the_full_stop() -> None:
    (mail,) = mails(record())
    assert mail.links() == [LINK]


def test_the_sign_in_link_is_the_one_with_a_fragment() -> None:
    (mail,) = mails(record(BodyText=f"Visit https://shop.example or {LINK}"))
    assert mailbox.sign_in_link(mail) == LINK


def test_a_mail_without_links_has_no_sign_in_link() -> None:
    (mail,) = mails(record(BodyText="Hello", BodyHtml=None))
    assert (mail.links(), mailbox.sign_in_link(mail)) == ([], None)


def test_newest_mail_comes_first() -> None:
    found = mails(record(MessageId="new", Timestamp=2.0), record(MessageId="old", Timestamp=1.0))
    assert [mail.id for mail in found] == ["new", "old"]


def test_the_document_has_the_promised_fields() -> None:
    (mail,) = mails(record())
    document = mail.document()
    assert set(document) == {"id", "to", "from", "subject", "text", "html", "links", "sent_at", "headers"}
    assert (document["from"], document["sent_at"]) == ("Shop <shop@shop.example>", "2026-09-21T14:13:20.250+00:00")


def test_no_part_of_a_mail_becomes_markup_of_the_page() -> None:
    attack = '"></iframe><script>alert(1)</script>'
    (mail,) = mails(record(Subject=attack, To=[attack], Source=attack, BodyText=attack, BodyHtml=attack))
    listing, page = mailbox_page.page([mail], attack), mailbox_page.mail_page(mail)
    assert "<script" not in listing + page
    assert listing.count("iframe>") == 0
    assert page.count("<iframe") == page.count("</iframe>") == 4


def test_a_link_cannot_leave_its_attribute() -> None:
    page = mailbox_page.page(
        mails(record(BodyText="", BodyHtml='<a href="https://a.example/#&quot;onclick=&quot;x">a</a>'))
    )
    assert 'href="https://a.example/#&quot;onclick=&quot;x"' in page


def test_only_web_links_are_offered() -> None:
    (mail,) = mails(record(BodyText="javascript:alert(1)#x", BodyHtml='<a href="javascript:alert(1)#x">a</a>'))
    assert mail.links() == []


def test_a_mail_may_run_and_submit_nothing() -> None:
    page = mailbox_page.mail_page(*mails(record()))
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    assert "script-src" not in mailbox_page.POLICY
    assert mailbox_page.POLICY.startswith("default-src 'none'")


def test_names_are_decoded_and_the_headers_stay_as_they_are_sent() -> None:
    encoded = "=?utf-8?q?Caf=C3=A9_S=C3=B6hne?= <shop@shop.example>"
    (mail,) = mails(record(Source=encoded, Headers=[{"Name": "Auto-Submitted", "Value": "auto-generated"}]))
    assert mail.sender == "Café Söhne <shop@shop.example>"
    headers = dict(mail.headers)
    assert (headers["From"], headers["Auto-Submitted"]) == (encoded, "auto-generated")
    assert (headers["Message-ID"], headers["Date"]) == ("<m1>", "Mon, 21 Sep 2026 14:13:20 +0000")
    assert mails(record(Source="=?nothing?q?x?= <a@b.example>"))[0].sender.endswith("<a@b.example>")


def test_page_of_a_mail_shows_it_in_light_and_dark_on_desktop_and_phone_with_text_and_headers() -> None:
    html = "<html><head><style>@media (prefers-color-scheme: dark) { p { color: red } }</style></head></html>"
    page = mailbox_page.mail_page(*mails(record(BodyHtml=html)))
    for scheme, media in (("light", "not all"), ("dark", "all")):
        for width in (640, 320):
            assert f'<iframe class="{scheme}" width="{width}"' in page
        assert page.count(f"@media {media} {{") == 2
    assert "Or type 123456." in page
    assert "<dt>Message-ID</dt><dd>&lt;m1&gt;</dd>" in page


def test_button_opens_the_sign_in_link_else_the_first_link() -> None:
    with_token = mailbox_page.page(mails(record()))
    assert f'href="{LINK.replace("&", "&amp;")}" target="_blank"' in with_token
    other = mailbox_page.page(mails(record(BodyText="See https://shop.example/account", BodyHtml=None)))
    assert 'href="https://shop.example/account" target="_blank"' in other
    assert "Open the link" in other
    assert "target" not in mailbox_page.page(mails(record(BodyText="Hello", BodyHtml=None)))


def test_mails_are_searched_by_every_word_in_names_subject_and_text() -> None:
    (mail,) = mails(record(To=["Ana <ana@example.com>"]))
    assert all(map(mail.matches, ["", "ANA link", "123456", "shop.example"]))
    assert not mail.matches("ana ben")


@pytest.fixture
def mailbox_url() -> Iterator[str]:
    class Ministack(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"messages": {"000000000000": [record()]}}).encode())

        def log_message(self, *_args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Ministack) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        with mailbox_server(f"http://127.0.0.1:{server.server_port}") as url:
            yield url
        server.shutdown()
        thread.join()


def test_the_mails_are_served_as_page_and_as_json(mailbox_url: str) -> None:
    with urllib.request.urlopen(mailbox_url) as page, urllib.request.urlopen(f"{mailbox_url}/messages.json") as listing:
        assert page.headers["Content-Security-Policy"] == mailbox_page.POLICY
        assert "Your sign-in link" in page.read().decode()
        assert json.load(listing)[0]["links"] == [LINK]


@pytest.mark.parametrize(("path", "host"), [("/other", "127.0.0.1"), ("/messages.json", "attacker.example")])
def test_other_paths_and_other_names_get_nothing(mailbox_url: str, path: str, host: str) -> None:
    request = urllib.request.Request(mailbox_url + path, headers={"Host": host})
    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.urlopen(request)
    answer.value.close()
    assert answer.value.code == 404


def test_a_mail_has_a_page_and_the_list_a_search(mailbox_url: str) -> None:
    def read(path: str) -> str:
        with urllib.request.urlopen(mailbox_url + path) as answer:
            return str(answer.read().decode())

    assert "The mail as sent: dark, 320 px" in read("/mail?id=m1")
    assert "/mail?id=m1" in read("/?q=sign-in")
    assert "No mail has these words." in read("/?q=nothing")
    with pytest.raises(urllib.error.HTTPError) as answer:
        read("/mail?id=other")
    answer.value.close()
    assert answer.value.code == 404
