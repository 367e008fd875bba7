"""Standard Webhooks: the published vector, every way in which a signature can be wrong, rotation."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from hub.kit.webhooks import BadSigningSecret, key_of, refusal, signature, signed_headers
from tests.shared import shared_path

SECRET = "whsec_" + "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
OTHER = "whsec_" + "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4"
NOW = datetime(2026, 10, 5, 12, 10, tzinfo=UTC)
BODY = b'{"type": "x"}'
HEADERS = signed_headers(SECRET, "msg_1", BODY, now=NOW)


def test_published_vector() -> None:
    vectors = json.loads(shared_path("samples/channels/signature-vectors.json").read_text())
    v = vectors["standard_webhooks_shipbob"]
    made = signature(v["secret"], v["webhook-id"], int(v["webhook-timestamp"]), v["body"].encode())
    assert made == v["value"]


def test_signed_sample_of_a_warehouse() -> None:
    sample = json.loads(shared_path("samples/channels/wms/signed-acknowledged-short.json").read_text())
    at = datetime.fromtimestamp(int(sample["headers"]["webhook-timestamp"]), UTC)
    body = sample["body"].encode()
    assert refusal(sample["headers"], body, secrets=[sample["secret"]], now=at) is None
    reserialized = json.dumps(json.loads(body)).encode()
    assert refusal(sample["headers"], reserialized, secrets=[sample["secret"]], now=at) == "no signature holds"


def test_both_secrets_of_a_rotation_hold_and_several_signatures_are_looked_at() -> None:
    assert refusal(HEADERS, BODY, secrets=[OTHER, SECRET], now=NOW) is None
    several = {**HEADERS, "webhook-signature": "v2,abc v1,wrong " + HEADERS["webhook-signature"]}
    assert refusal(several, BODY, secrets=[SECRET], now=NOW) is None


@pytest.mark.parametrize("seconds", [-301, 301, 86_400])
def test_old_and_future_timestamps_are_refused(seconds: int) -> None:
    found = refusal(HEADERS, BODY, secrets=[SECRET], now=NOW + timedelta(seconds=seconds))
    assert found == "the timestamp is more than 5 minutes away"


@pytest.mark.parametrize("seconds", [-299, 0, 299])
def test_five_minutes_are_tolerated(seconds: int) -> None:
    assert refusal(HEADERS, BODY, secrets=[SECRET], now=NOW + timedelta(seconds=seconds)) is None


@pytest.mark.parametrize("name", sorted(HEADERS))
def test_a_missing_header_is_refused(name: str) -> None:
    headers = {k: v for k, v in HEADERS.items() if k != name}
    assert refusal(headers, BODY, secrets=[SECRET], now=NOW) == "a signature header is missing"


@pytest.mark.parametrize("stamp", ["-5", "1e9", "17912022001791202200", "٣", "now"])
def test_a_timestamp_is_a_number_of_seconds(stamp: str) -> None:
    found = refusal({**HEADERS, "webhook-timestamp": stamp}, BODY, secrets=[SECRET], now=NOW)
    assert found == "the timestamp is not a number of seconds"


def test_any_flipped_bit_of_the_body_is_refused() -> None:
    for place in range(len(BODY) * 8):
        flipped = bytearray(BODY)
        flipped[place // 8] ^= 1 << place % 8
        assert refusal(HEADERS, bytes(flipped), secrets=[SECRET], now=NOW) == "no signature holds"


def test_wrong_secret_and_no_secret_are_refused() -> None:
    assert refusal(HEADERS, BODY, secrets=[OTHER], now=NOW) == "no signature holds"
    assert refusal(HEADERS, BODY, secrets=[], now=NOW) == "no signature holds"


@pytest.mark.parametrize("secret", ["", "whsec_", "MDEyMzQ1Njc4OWFiY2RlZg==", "whsec_short", "whsec_***", "whsec_é"])
def test_a_secret_has_one_form(secret: str) -> None:
    with pytest.raises(BadSigningSecret):
        key_of(secret)
