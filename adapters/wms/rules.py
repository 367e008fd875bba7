"""What the schema of a pick order cannot say and a WMS refuses all the same. Used by the simulator and by tests of what we send."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from hub.canon.ports import FieldFault

LONGEST_ID = 64


def faults_of(request: Mapping[str, Any]) -> tuple[FieldFault, ...]:
    """The rules that a `pick_order.requested` breaks; its shape has been checked before."""
    found: list[FieldFault] = []
    seen: set[str] = set()
    for i, line in enumerate(request["lines"]):
        at = f"lines[{i}]"
        if line["line"] in seen:
            found.append(FieldFault(at=f"{at}.line", code="DUPLICATE_LINE", message="a line occurs twice"))
        seen.add(line["line"])
        if Decimal(line["quantity"]) <= 0:
            found.append(FieldFault(at=f"{at}.quantity", code="NOT_POSITIVE", message="nothing to pick"))
        if line["serial_required"] and Decimal(line["quantity"]) % 1:
            found.append(FieldFault(at=f"{at}.quantity", code="NOT_WHOLE", message="serial goods come in whole pieces"))
        chosen = sum((Decimal(x["quantity"]) for x in line.get("lots", ())), Decimal(0))
        if chosen > Decimal(line["quantity"]):
            found.append(FieldFault(at=f"{at}.lots", code="TOO_MUCH", message="lots of more than is asked for"))
    if len(request["pick_order"]) > LONGEST_ID:
        found.append(FieldFault(at="pick_order", code="TOO_LONG", message="an id has 64 characters at most"))
    return tuple(found)
