import pytest
from pydantic import ValidationError

from clientela.customers.customer_filter import MAX_WORDS, CustomerFilter, expression


@pytest.mark.parametrize("query", ["\ufdfa", "ana " * 25, " ".join(["a"] * MAX_WORDS)])
def test_an_expression_of_a_query_is_short_enough_for_dynamodb(query: str) -> None:
    assert len(expression(CustomerFilter(query=query), None)["FilterExpression"]) < 4096


@pytest.mark.parametrize("name", ["query", "company"])
def test_a_query_that_becomes_too_many_words_is_refused_in_words(name: str) -> None:
    with pytest.raises(ValidationError, match=f"must have at most {MAX_WORDS} words"):
        CustomerFilter.model_validate({name: "\ufdfa" * 60})
