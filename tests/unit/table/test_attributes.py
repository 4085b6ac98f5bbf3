from clientela.schema.documents import Model
from clientela.table.attributes import DocumentAttribute


class Part(Model):
    name: str | None = None


class Whole(Model):
    part: Part
    names: list[str]
    others: list[str] = []


def test_what_must_be_there_is_kept_though_it_is_empty() -> None:
    attribute = DocumentAttribute(Whole)
    text = attribute.serialize(Whole(part=Part(), names=[]))
    assert text == '{"part":{},"names":[]}'
    assert attribute.deserialize(text) == Whole(part=Part(), names=[])
