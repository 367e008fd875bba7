"""What a note lacks, in words: which field of which line, and where a person sets it. One sentence for the hold, one place for each fault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.fiscal import Fault, NoRule
from hub.flows.note import Note

LONGEST = 500  # characters of a hold's reason
# What a line lacks is the product's, except these.
OF_THE_ORDER = frozenset({"quantity", "unit_price", "discount"})
# First word of a field of the note -> where it is set.
PLACES: Mapping[str, str] = {
    "issuer": "the node {node} (hub admin load)",
    "series": "the node {node} (hub admin load)",
    "environment": "the SEFAZ account of the node {node}",
    "buyer": "the order's address or customer, at its channel",
    "ship_to": "the order's address, at its channel",
    "payments": "payment_medium of the channel's account",
    "channel": "sales_channel of the channel's account",
    "intermediary_tax_id": "intermediary_tax_id of the channel's account",
    "intermediary_account": "intermediary_account of the channel's account",
    "referenced_keys": "the note that this one refers to",
}
PERSONAL = ("tax_id", "state_registration", "name")  # what a hold's reason does not repeat
ELSEWHERE = "the order {order}"


def where(note: Note, fault: Fault) -> str:
    """The place where a person sets it."""
    field, line = fault["field"] or "", fault["line"]
    if fault["code"] == "NO_RULE" or field.startswith("rates"):
        return (
            f"mappings/fiscal/{field.partition(':')[0].partition('.')[0]}.yaml" if ":" in field else "mappings/fiscal"
        )
    if line is not None and field not in OF_THE_ORDER:
        sku = next((x.sku for x in note.ask.request.lines if x.external_id == line), line)
        return f"the product {sku} (hub admin load)"
    return PLACES.get(field.partition(".")[0], ELSEWHERE).format(node=note.node, order=note.ask.request.order)


def told(note: Note, faults: Sequence[Fault]) -> str:
    """All of it, in the order found: `line 1: ncm is missing: set it at the product SKU-1 (hub admin load)`."""
    parts = [_sentence(note, f) for f in faults]
    text = f"The note of order {note.ask.request.order} cannot be made: " + "; ".join(parts)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def _sentence(note: Note, fault: Fault) -> str:
    at = f"line {fault['line']}: {fault['field']}" if fault["line"] is not None else str(fault["field"])
    what = "is missing" if fault["code"] == "MISSING" else f"is {(fault['code'] or '').lower().replace('_', ' ')}"
    shown = fault["detail"] and not str(fault["field"]).endswith(PERSONAL)
    detail = f" ({fault['detail']})" if shown else ""
    if fault["code"] == "NOT_OFFERED":
        return f"{at} {what}{detail}: issue this note outside of the hub"
    return f"{at} {what}{detail}: set it at {where(note, fault)}"


def no_rule(error: NoRule) -> Fault:
    """A row that no table has for the day."""
    at = f"{error.data['table']}: {error.data['key']}"
    return {"line": None, "field": at, "code": "NO_RULE", "detail": str(error.data["day"])}


def refusal(code: str | None, message: str | None) -> str:
    """A note that was built and refused: by the authority, or by our own checks before anything was sent."""
    if code is not None and code.isdecimal():
        return f"the authority answered {code}: {message}"
    place = "set a new one (mutation setCertificate)" if "certificate" in (message or "") else "nothing was sent"
    return f"the note cannot leave: {message}: {place}"
