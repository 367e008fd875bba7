"""What the answers to an edit of an order mean: is anything left to change, was it changed, must the edit be begun anew. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from adapters.shopify.write import edit_reference, sku_term, variant_reference
from hub.canon.commands import CancelLines, ChangeLines
from hub.canon.ports import Account, Call, Done, FieldFault, Outcome, Rejected

Data = Mapping[str, Any]
Command = CancelLines | ChangeLines
BY_HAND = "edit the order in Shopify by hand"


@dataclass(frozen=True, slots=True)
class _Line:
    """What stands of a line in the shop, what of it is not shipped, and its variant."""

    stands: int
    unshipped: int
    variant: str | None


def variants(command: ChangeLines, payload: Data, call: Call, account: Account) -> Outcome:
    """SKU -> variant, where the shop has exactly one. Planned again only after the last of these reads."""
    asked = json.loads(call.body)["variables"]["query"].split(" OR ")
    unknown = {x.sku for x in command.added if not account.references.get(variant_reference(x.sku))}
    mine = sorted(sku for sku in unknown if sku_term(sku) in asked)
    found: dict[str, list[str]] = {sku: [] for sku in mine}
    for node in payload.get("nodes") or ():
        found.get(str(node["sku"]), []).append(str(node["id"]))
    faults = [
        FieldFault(
            at=sku,
            code="AMBIGUOUS_SKU" if ids else "UNKNOWN_SKU",
            message=f"Shopify has {len(ids) or 'no'} variants with the SKU {sku}: {BY_HAND}",
        )
        for sku, ids in found.items()
        if len(ids) != 1
    ]
    if faults:
        return _rejected(faults)
    return Done(references={variant_reference(sku): ids[0] for sku, ids in found.items()}, again=unknown == set(mine))


def begun(command: Command, payload: Data, account: Account) -> Outcome:
    """Planned again with the session and what it must change; done where the shop has what stands."""
    order = payload["calculatedOrder"]
    shown = {_tail(node["id"]): str(node["id"]) for node in order["lineItems"]["nodes"]}
    there = _lines(order["originalOrder"])
    faults: list[FieldFault] = []
    rows: list[tuple[str, int]] = []
    add: list[dict[str, Any]] = []
    wanted, more = _wanted(command, there, account)
    for line, left in wanted.items():
        if line not in there or line not in shown:
            faults.append(FieldFault(at=line, code="NOT_FOUND", message=f"Shopify shows no line {line}"))
        elif left != int(left):
            faults.append(FieldFault(at=line, code="NOT_WHOLE", message=f"Shopify counts pieces, not {left}"))
        elif (gone := there[line].stands - int(left)) > there[line].unshipped:
            faults.append(FieldFault(at=line, code="NOT_EDITABLE", message=f"{gone} of line {line} are shipped there"))
        elif gone > 0 or (gone < 0 and isinstance(command, ChangeLines)):
            rows.append((shown[line], int(left)))
    for sku, (units, each) in more.items():
        if units != int(units):
            faults.append(FieldFault(at=sku, code="NOT_WHOLE", message=f"Shopify counts pieces, not {units} of {sku}"))
        else:
            row = {"sku": sku, "variant": account.references[variant_reference(sku)]}
            add.append({**row, "units": int(units), "each": str(each)})
    if faults:
        return _rejected(faults)
    if not rows and not add:
        return Done()
    staged = {"id": order["id"], "set": rows, "add": add, "discount": []}
    return Done(references={edit_reference(command): json.dumps(staged)}, again=True)


def _wanted(
    command: Command, there: Mapping[str, _Line], account: Account
) -> tuple[dict[str, Decimal], dict[str, tuple[Decimal, Decimal]]]:
    """Line -> units that must stand, and SKU -> (units to add, price of one)."""
    if isinstance(command, CancelLines):
        return dict(command.left), {}
    lines, more = dict(command.lines), dict[str, tuple[Decimal, Decimal]]()
    for sku, (units, amount) in _sums(command).items():
        own = _extra(command, there, account.references.get(variant_reference(sku)))
        rest = units - sum(there[line].stands for line in own)
        if rest > 0:
            more[sku] = (rest, amount / units)
        for line in reversed(own):
            gone = min(-rest, Decimal(there[line].stands))
            if gone > 0:
                lines[line] = there[line].stands - gone
                rest += gone
    return lines, more


def _sums(command: ChangeLines) -> dict[str, tuple[Decimal, Decimal]]:
    found: dict[str, tuple[Decimal, Decimal]] = {}
    for x in command.added:
        units, amount = found.get(x.sku, (Decimal(0), Decimal(0)))
        found[x.sku] = (units + x.units, amount + x.amount)
    return found


def _extra(command: ChangeLines, there: Mapping[str, _Line], variant: str | None) -> list[str]:
    """The shop's lines of a variant that we do not know: those that edits of ours have added."""
    return [line for line, row in there.items() if line not in command.known and row.variant == variant]


def added(command: ChangeLines, payload: Data, call: Call, account: Account) -> Outcome:
    """The variant is staged at the shop's price; what was agreed below it is a discount, above it is nothing that an edit can say."""
    staged = json.loads(account.references[edit_reference(command)])
    asked = json.loads(call.body)["variables"]
    row = next(x for x in staged["add"] if x["variant"] == asked["variant"])
    line = payload["calculatedLineItem"]
    price, each = _price(line, "originalUnitPriceSet"), Decimal(row["each"])
    if price is None or price[1] != command.currency or price[0] < each:
        shown = "no price" if price is None else f"{price[0]} {price[1]}"
        message = f"Shopify sells {row['sku']} at {shown}, agreed are {each:.2f} {command.currency}: {BY_HAND}"
        return _rejected([FieldFault(at=row["sku"], code="PRICE_DIFFERS", message=message)])
    staged["add"].remove(row)
    if off := price[0] - each:
        staged["discount"].append((line["id"], str(off), command.currency))
    return Done(references={edit_reference(command): json.dumps(staged)}, again=not staged["add"])


def discounted(command: ChangeLines, payload: Data, call: Call, account: Account) -> Outcome:
    """The shop's own price after the discount decides; nothing is committed while it is another."""
    line = payload["calculatedLineItem"]
    price = _price(line, "discountedUnitPriceSet")
    agreed = {amount / units for units, amount in _sums(command).values() if units}
    if price is not None and price[0] in agreed:
        return Done()
    message = f"the discount makes a price of {price[0] if price else 'nothing'}, which was not agreed: {BY_HAND}"
    return _rejected([FieldFault(at=str(line["id"]), code="PRICE_DIFFERS", message=message)])


def _price(line: Data, name: str) -> tuple[Decimal, str] | None:
    money = (line.get(name) or {}).get("presentmentMoney")
    return (Decimal(str(money["amount"])), str(money["currencyCode"])) if money else None


def committed(command: Command, payload: Data, account: Account) -> Outcome:
    """The shop's own count decides."""
    if _told(command, payload["order"], account):
        return Done(references={edit_reference(command): ""})
    said = "more units than are left" if isinstance(command, CancelLines) else "other units than stand"
    return Rejected(code="NOT_EDITED", message=f"Shopify took the edit and still shows {said}")


def state(command: Command, payload: Data, account: Account) -> Outcome:
    """Asked after a lost answer: other units than stand mean that the commit never arrived, and another edit is begun."""
    return Done(references={edit_reference(command): ""}, again=not (payload and _told(command, payload, account)))


def refused(command: Command, refusal: Rejected, account: Account) -> Outcome:
    """An edit that was committed or forgotten takes no more: begin anew, once. What is refused then stays refused."""
    stale = f"stale:{command.change}"
    if account.references.get(stale):
        return refusal
    return Done(references={edit_reference(command): "", stale: "1"}, again=True)


def _told(command: Command, order: Data, account: Account) -> bool:
    there = _lines(order)
    if isinstance(command, CancelLines):
        return all(line in there and there[line].stands <= left for line, left in command.left)
    lines, more = _wanted(command, there, account)
    return not more and all(line in there and there[line].stands == units for line, units in lines.items())


def _lines(order: Data) -> dict[str, _Line]:
    return {
        _tail(node["id"]): _Line(
            int(node["currentQuantity"]), int(node["unfulfilledQuantity"]), (node.get("variant") or {}).get("id")
        )
        for node in order["lineItems"]["nodes"]
    }


def _rejected(faults: list[FieldFault]) -> Rejected:
    return Rejected(code=faults[0].code, message="; ".join(f.message for f in faults)[:500], fields=tuple(faults))


def _tail(gid: Any) -> str:
    return str(gid).rpartition("/")[2]
