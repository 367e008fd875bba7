"""Canaries: whatever is logged, by us or by a library, no secret and no personal data comes out."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID

import pytest
import structlog

from hub.kit.log import Format, configure_logging
from hub.kit.redact import hides, redact, redact_text

PEM = "-----BEGIN PRIVATE KEY-----\nMIICANARY\n-----END PRIVATE KEY-----"

# what is logged -> what must not come out
CANARIES = {
    "Authorization: Bearer canary.abc-123_~+/=": "canary.abc",
    "Basic Y2FuYXJ5OmNhbmFyeQ==": "Y2FuYXJ5",
    f"key {PEM} end": "CANARY",
    "-----BEGIN RSA PRIVATE KEY-----\nMIICUTOFF": "CUTOFF",
    "eyJhbGciOiJub25lIn0.eyJjYW5hcnkiOjF9.c2ln": "eyJjYW5",
    "postgresql://hub:canary-pw@db:5432/hub": "canary-pw",
    "https://shop/x?a=1&token=canary&b=2": "canary",
    '{"password": "canary", "x": 1}': "canary",
    "api_key=canary;": "canary",
    "sent to maria.canary+x@example.com.br today": "maria",
    "CPF 529.982.247-25": "529.982",
    "cpf 52998224725 of the buyer": "52998224725",
    "CNPJ 11.222.333/0001-81": "11.222.333",
    "cnpj=11222333000181": "11222333000181",
    "new CNPJ 12.ABC.345/01DE-35": "12.ABC",
    "bare 12ABC34501DE35": "12ABC34501DE35",
}


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Where the log goes during one test; the process's own set-up comes back afterwards."""
    root = logging.getLogger()
    before = root.handlers, root.level
    stream = io.StringIO()
    configure_logging(level="debug", style="json", stream=stream)
    yield stream
    structlog.reset_defaults()
    root.handlers, _ = before
    root.setLevel(before[1])


@pytest.mark.parametrize(("said", "canary"), CANARIES.items())
def test_no_canary_in_text(said: str, canary: str) -> None:
    assert canary in said
    assert canary not in redact_text(said)
    assert "[redacted]" in redact_text(said)


@pytest.mark.parametrize(
    "said",
    [
        "order 4021 of channel 7 was approved",
        "018f3b1e-7c1a-7b2e-8a7e-3f2f6c1d2e3f",
        "35261111222333000181550010000000011000000017",  # an NF-e's access key names a document
        "12345678901",  # eleven digits, but no CPF
        "7891000315507",  # a GTIN
        "2026-11-20T22:39:07.469Z",
        "00000000000",
    ],
)
def test_what_helps_stays(said: str) -> None:
    assert redact_text(said) == said


@pytest.mark.parametrize("key", ["password", "apiKey", "API-KEY", "x-shopify-hmac-sha256", "client_secret", "buyer_cpf",
                                 "accessToken", "Set-Cookie", "customerEmail", "hub.database_url", "tax_id"])  # fmt: skip
def test_keys_that_hide(key: str) -> None:
    assert hides(key)
    assert redact({key: "canary", "deep": [{key: 12}]}) == {key: "[redacted]", "deep": [{key: "[redacted]"}]}


@pytest.mark.parametrize("key", ["idempotency_key", "access_key", "order_id", "action", "tokens", "state", "mailbox"])
def test_keys_that_show(key: str) -> None:
    assert not hides(key)


def test_values_keep_their_kind_and_bytes_their_length() -> None:
    at = UUID(int=7)
    assert redact({"a": 1, "b": Decimal("2.50"), "c": at, "d": None, "e": b"canary", "f": (True, 52998224725)}) == {
        "a": 1,
        "b": Decimal("2.50"),
        "c": at,
        "d": None,
        "e": "<6 bytes>",
        "f": [True, "[redacted]"],
    }


def test_a_circle_ends() -> None:
    circle: dict[str, object] = {}
    circle["again"] = circle
    assert "..." in str(redact(circle))


def test_long_hostile_text_is_read_once() -> None:
    hostile = "a" * 100_000 + "@" + "." * 100_000 + "://" + ":" * 50_000
    assert redact_text(hostile) == hostile


def test_a_line_is_json_with_context_and_no_canary(lines: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(correlation_id="c-1", email="canary@example.com"):
        structlog.get_logger().info("Order of canary@example.com captured.", action="orders.capture", secret="canary")
    told = json.loads(lines.getvalue())
    assert (told["action"], told["correlation_id"], told["level"]) == ("orders.capture", "c-1", "info")
    assert told["event"] == "Order of [redacted] captured."
    assert "canary" not in lines.getvalue()


@pytest.mark.parametrize("style", ["json", "console"])
def test_a_traceback_is_redacted_too(style: Format, lines: io.StringIO) -> None:
    configure_logging(style=style, stream=lines)
    try:
        int("Bearer canary-in-a-value, password=canary")
    except ValueError:
        structlog.get_logger().exception("Failed.", action="test")
    assert "ValueError" in lines.getvalue()
    assert "canary-in" not in lines.getvalue()
    assert "password=canary" not in lines.getvalue()


def test_lines_of_libraries_take_the_same_way(lines: io.StringIO) -> None:
    logging.getLogger("some.library").warning("Connecting to %s", "amqp://guest:canary@broker")
    logging.getLogger("httpx").info("HTTP Request: GET https://x/?q=canary")
    told = json.loads(lines.getvalue())
    assert told["event"] == "Connecting to amqp://guest:[redacted]@broker"
    assert told["logger"] == "some.library"


def test_the_level_is_kept(lines: io.StringIO) -> None:
    configure_logging(level="warning", style="json", stream=lines)
    structlog.get_logger().info("Quiet.")
    logging.getLogger("x").info("Quiet.")
    assert lines.getvalue() == ""
