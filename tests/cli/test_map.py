"""`hub map`: exit codes and what is printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli.map import app
from tests.mapping.writing import ADDRESS, ORDER, shop, write

runner = CliRunner()
BODY = {
    "id": 5,
    "at": "2026-10-05T12:00:00Z",
    "currency": "EUR",
    "status": "paid",
    "buyer": {"name": "Ana"},
    "items": [{"id": 1, "sku": "A", "quantity": "2", "price": "3.10"}],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shop(tmp_path / "mappings")
    (tmp_path / "good.json").write_text(json.dumps(BODY))
    (tmp_path / "bad.json").write_text(json.dumps({**BODY, "status": "odd"}))
    return tmp_path


def arguments(folder: Path, command: str, name: str) -> list[str]:
    return [command, "shop/order", str(folder / name), "--mappings", str(folder / "mappings")]


def test_run_ok(folder: Path) -> None:
    found = runner.invoke(app, [*arguments(folder, "run", "good.json"), "--json"])
    assert found.exit_code == 0
    printed = json.loads(found.stdout)
    assert printed["verdict"] == "ok"
    assert printed["lines"][0]["quantity"] == "2"
    assert printed["totals"]["total"] == "6.20"
    assert printed["ship_to"] is None


def test_run_quarantined(folder: Path) -> None:
    found = runner.invoke(app, [*arguments(folder, "run", "bad.json"), "--json"])
    assert found.exit_code == 3
    assert [reason["code"] for reason in json.loads(found.stdout)["reasons"]] == ["NOT_IN_TABLE"]
    shown = runner.invoke(app, arguments(folder, "run", "bad.json"))
    assert "shop/order.yaml:" in shown.stderr
    assert "payment_state: NOT_IN_TABLE" in shown.stderr


@pytest.mark.parametrize(
    "command",
    [
        ["run", "shop/nothing", "FILE"],
        ["run", "shop/order", "absent.json"],
        ["run", "shop/order", "FILE", "--ref", "order"],
    ],
)
def test_usage(folder: Path, command: list[str]) -> None:
    words = [str(folder / "good.json") if word == "FILE" else word for word in command]
    found = runner.invoke(app, [*words, "--mappings", str(folder / "mappings")])
    assert found.exit_code == 2
    assert found.stderr
    assert "Traceback" not in found.stderr


def test_explain_hides_personal_values(folder: Path) -> None:
    found = runner.invoke(app, arguments(folder, "explain", "good.json"))
    assert found.exit_code == 0
    assert "lines[0].unit_price = 3.10  <- items[0].price" in found.stdout
    assert "Ana" not in found.stdout


def test_check_tells_file_line_and_reason(folder: Path) -> None:
    assert runner.invoke(app, ["check", str(folder / "mappings")]).exit_code == 0
    write(folder / "mappings", "order", "OrderDraft", ORDER.replace("sku: sku", "sku: nope(sku)"))
    found = runner.invoke(app, ["check", str(folder / "mappings")])
    assert found.exit_code == 1
    assert "shop/order.yaml:22: there is no function nope" in found.stdout
    one = folder / "mappings" / "shop" / "order.yaml"
    for place in (one, one.parent):
        found = runner.invoke(app, ["check", str(place)])
        assert found.exit_code == 1
        assert f"{one}:22:" in found.stdout
    assert runner.invoke(app, ["check", str(one.with_name("address.yaml"))]).exit_code == 0
    assert runner.invoke(app, ["check", str(folder / "nowhere")]).exit_code == 2


def test_samples_and_coverage(folder: Path) -> None:
    samples = folder / "samples"
    samples.mkdir()
    (samples / "one.json").write_text(json.dumps({**BODY, "colour": "red"}))
    expected = {"one.json": {"mapping": "shop/order", "totals": {"total": "6.20"}}}
    (samples / "expected.json").write_text(json.dumps(expected))
    options = ["--samples", str(samples), "--mappings", str(folder / "mappings")]
    assert runner.invoke(app, ["test", *options]).exit_code == 0
    found = runner.invoke(app, ["coverage", *options])
    assert found.exit_code == 1
    assert "\n  colour\n" in found.stdout
    assert "items" not in found.stdout
    (samples / "expected.json").write_text(json.dumps({"one.json": {"mapping": "shop/order", "currency": "USD"}}))
    found = runner.invoke(app, ["test", *options])
    assert found.exit_code == 1
    assert "currency: expected 'USD'" in found.stdout


def test_reference_reaches_the_envelope(folder: Path) -> None:
    write(folder / "mappings", "address", "Address", ADDRESS.replace("blank(line)", "blank(@parent_id)"))
    (folder / "address.json").write_text('{"country": "BR"}')
    found = runner.invoke(
        app,
        [
            "run",
            "shop/address",
            str(folder / "address.json"),
            "--ref",
            "order=7",
            "--json",
            "--mappings",
            str(folder / "mappings"),
        ],
    )
    assert json.loads(found.stdout)["street"] == "7"
