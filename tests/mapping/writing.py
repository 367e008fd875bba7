"""Small mappings written for one test each."""

from __future__ import annotations

from pathlib import Path

from hub.mapping import Mappings, load_all

HEAD = "mapping: shop/{name}\nversion: 1\nsource: {{system: shop}}\ntarget: {target}\n"

ORDER = """fields:
  external_id: string(id)
  revision: instant(at)
  placed_at: instant(at)
  currency: currency(currency)
  payment_state: map(status, states)
  customer:
    $when: buyer
    name: buyer.name
    email: buyer.email
  ship_to:
    $use: shop/address
    $from: to
  lines:
    $each: items
    $when: choose(is(kind, 'note'), false, true)
    external_id: string(id)
    sku: sku
    quantity: decimal(quantity)
    unit_price: money(price)
    discount: money(off) ?? 0
    tax: sum(^.taxes[line='all'], amount)
    kind: "'GOODS'"
    fulfilled_by: "'MERCHANT'"
  totals:
    shipping: 0
    tax_included: true
tables:
  states: {paid: PAID, open: PENDING}
"""

ADDRESS = """fields:
  name: blank(name)
  street: blank(line)
  country: country(country)
"""


def write(folder: Path, name: str, target: str, text: str) -> Path:
    """A file of the adapter `shop` with a sound head."""
    path = folder / "shop" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEAD.format(name=name, target=target) + text)
    return path


def shop(folder: Path, order: str = ORDER) -> Mappings:
    write(folder, "address", "Address", ADDRESS)
    write(folder, "order", "OrderDraft", order)
    return load_all(folder)
