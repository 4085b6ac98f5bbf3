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
    assert set(document) == {"id", "to", "from", "subject", "text", "html", "links", "sent_at"}
    assert (document["from"], document["sent_at"]) == ("Shop <shop@shop.example>", "2026-09-21T14:13:20.250+00:00")


def test_no_part_of_a_mail_becomes_markup_of_the_page() -> None:
    attack = '"></iframe><script>alert(1)</script>'
    page = mailbox_page.page(
        mails(record(Subject=attack, To=[attack], Source=attack, BodyText=attack, BodyHtml=attack))
    )
    assert "<script" not in page
    assert page.count("<iframe") == page.count("</iframe>") == 1


def test_a_link_cannot_leave_its_attribute() -> None:
    page = mailbox_page.page(
        mails(record(BodyText="", BodyHtml='<a href="https://a.example/#&quot;onclick=&quot;x">a</a>'))
    )
    assert 'href="https://a.example/#&quot;onclick=&quot;x"' in page


def test_only_web_links_are_offered() -> None:
    (mail,) = mails(record(BodyText="javascript:alert(1)#x", BodyHtml='<a href="javascript:alert(1)#x">a</a>'))
    assert mail.links() == []


def test_a_mail_may_run_and_submit_nothing() -> None:
    page = mailbox_page.page(mails(record()))
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    assert "script-src" not in mailbox_page.POLICY
    assert mailbox_page.POLICY.startswith("default-src 'none'")


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
