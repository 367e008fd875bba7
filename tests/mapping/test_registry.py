"""Loading: everything that is wrong is told at once, with file, line and reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.mapping import MappingRefused, NoSuchMapping, load_all
from tests.mapping.writing import ADDRESS, ORDER, shop, write
from tests.shared import ROOT


def refused(folder: Path) -> list[str]:
    with pytest.raises(MappingRefused) as caught:
        load_all(folder)
    return [str(trap) for trap in caught.value.traps]


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("external_id: string(id)\n  revision", "revision", "external_id is required"),
        ("sku: sku", "sku: money(sku)", "gives decimal: use string()"),
        ("sku: sku", "sku: {a: b}", "lines[].sku is a value"),
        ("sku: sku", "$jsonata: text", "unknown form $jsonata"),
        ("unit_price: money(price)", "unit_price: trim(price)", "use money()"),
        ("kind: \"'GOODS'\"", "kind: \"'THINGS'\"", "cannot be THINGS"),
        ("paid: PAID", "paid: PAYED", "cannot be PAYED"),
        ("paid: PAID", "default: PAID", "no default"),
        ("map(status, states)", "map(status, other)", "no table other"),
        ("    $each: items\n", "", "needs $each"),
        ("$use: shop/address", "$use: shop/nothing", "no mapping shop/nothing"),
        ("    shipping: 0\n", "    shipping: 0\n    goods: 1\n", "computed by the hub"),
        ("    shipping: 0\n", "    shipping: 0\n    colour: 1\n", "no field of the target"),
        ("fields:", "unknown: 1\nfields:", "unknown key unknown"),
        ("fields:", "redact: [lines.sku]\nfields:", "no path of the target"),
        ("fields:", "checks:\n  - {id: totals, same: currency}\nfields:", "exists already"),
        (
            "fields:",
            "checks:\n  - {id: a, sum: [totals.tax], equals: totals.tip, tolerance: '0.01'}\nfields:",
            "needs why",
        ),
        (
            "fields:",
            "checks:\n  - {id: a, sum: [totals.tax], equals: totals.tip, tolerance: '5', why: x}\nfields:",
            "minor unit",
        ),
        ("fields:", "direction: sideways\nfields:", "in or both"),
        ("fields:", "ignore:\n  - {path: a}\nfields:", "path and why"),
    ],
)
def test_refused_with_reason(tmp_path: Path, old: str, new: str, word: str) -> None:
    assert old in ORDER
    write(tmp_path, "address", "Address", ADDRESS)
    write(tmp_path, "order", "OrderDraft", ORDER.replace(old, new, 1))
    found = refused(tmp_path)
    assert any(word in line and "/shop/order.yaml:" in line for line in found), found


def test_every_file_and_every_fault_is_told(tmp_path: Path) -> None:
    write(tmp_path, "address", "Address", ADDRESS.replace("country(country)", "country(country"))
    write(tmp_path, "order", "OrderDraft", ORDER.replace("sku: sku", "sku: nope(sku)").replace("string(id)", "1 +", 1))
    found = refused(tmp_path)
    assert len({line.split(":")[0] for line in found}) == 2
    assert len(found) == 3


def test_a_circle_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "one", "Address", "fields:\n  $use: shop/two\n")
    write(tmp_path, "two", "Address", "fields:\n  $use: shop/one\n")
    assert any("circle" in line for line in refused(tmp_path))


def test_name_and_place_must_agree(tmp_path: Path) -> None:
    path = write(tmp_path, "address", "Address", ADDRESS)
    path.rename(path.with_name("other.yaml"))
    assert "its place says shop/other" in refused(tmp_path)[0]


def test_other_languages_below_mappings_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "routing").mkdir()
    (tmp_path / "routing" / "rules.yaml").write_text("rules:\n\t- odd\n")
    assert list(shop(tmp_path)) == ["shop/address", "shop/order"]


def test_the_earlier_folder_wins(tmp_path: Path) -> None:
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    write(mine, "address", "Address", ADDRESS)
    write(theirs, "address", "Address", "fields:\n  broken\n")
    write(theirs, "extra", "Address", ADDRESS)
    found = load_all(mine, theirs)
    assert list(found) == ["shop/address", "shop/extra"]


def test_unknown_name(tmp_path: Path) -> None:
    found = shop(tmp_path)
    with pytest.raises(NoSuchMapping, match="nothing"):
        found["shop/nothing"]
    assert found.get("shop/nothing") is None


def test_jsonata_needs_its_extra(tmp_path: Path) -> None:
    text = ORDER.replace("external_id: string(id)\n", "external_id: string(id)\n  notes:\n    $jsonata: a.b\n", 1)
    write(tmp_path, "address", "Address", ADDRESS)
    write(tmp_path, "order", "OrderDraft", text)
    assert any("extra `jsonata`" in line for line in refused(tmp_path))


def test_the_trees_mappings_load() -> None:
    assert "shopify/order" in load_all(ROOT / "mappings")
