"""The grammar: what is an expression, what is refused."""

from __future__ import annotations

import pytest

from hub.mapping.grammar import BadExpression, Call, First, Literal, Path, Selector, Step, parse


def test_terms() -> None:
    assert parse("a.b") == Path("", (Step("a"), Step("b")))
    assert parse("$.a[0]") == Path("$", (Step("a", (Selector("index", index=0),)),))
    assert parse("^.`odd key!`") == Path("^", (Step("odd key!"),))
    assert parse("@parent_id") == Path("@", (Step("parent_id"),))
    assert parse("x[type='TAX'][]") == Path(
        "", (Step("x", (Selector("where", key="type", value="TAX"), Selector("all"))),)
    )
    assert parse("'it''s' ?? -3 ?? null") == First((Literal("it's"), Literal(-3), Literal(None)))
    assert parse("join(' ', a, b-c)") == Call("join", (Literal(" "), Path("", (Step("a"),)), Path("", (Step("b-c"),))))
    assert parse("is(x, true)") == Call("is", (Path("", (Step("x"),)), Literal(True)))


@pytest.mark.parametrize(
    "text",
    ["", "a ??", "a b", "1.5", "f(a", "a[", "a[-1]", "a[b=c]", "'open", "a + b", "a.", ".a", "a..b", "(a)", "f(" * 60],
)
def test_refused(text: str) -> None:
    with pytest.raises(BadExpression):
        parse(text)
