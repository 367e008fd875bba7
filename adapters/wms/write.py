"""Canon -> requests of contract wms/1, and what their answers mean. Pure; the signature is added when a call leaves."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from adapters.wms.fields import parsed
from adapters.wms.read import REFERENCE
from hub.canon.commands import CancelPick, OutwardCommand, PickLine, ReleasePick, RequestPick
from hub.canon.order import Address
from hub.canon.ports import (
    Account,
    Call,
    Done,
    FieldFault,
    NeverTry,
    Outcome,
    Rejected,
    Response,
    Retry,
    Unknown,
)
from hub.kit.money import plain

SOON = timedelta(seconds=30)
LONGEST = timedelta(hours=1)
_SHIP_TO = (
    "name",
    "company",
    "street",
    "number",
    "complement",
    "district",
    "city",
    "region",
    "postal_code",
    "country",
    "phone",
)


class WmsOutbound:
    """Requests, cancellations and releases of pick orders."""

    def plan(self, command: OutwardCommand, account: Account) -> list[Call]:
        """One call each. A request is read back after a time-out; the other two may be repeated as they are."""
        match command:
            case RequestPick():
                return [_call("pick_order.requested", "/pick-orders", _requested(command), repeatable=False)]
            case CancelPick():
                body = {"pick_order": command.pick_order, "node": command.node, "reason": command.reason}
                return [_call("pick_order.cancel_requested", _path(command.pick_order) + "/cancel", body)]
            case ReleasePick():
                return [_call("pick_order.released", _path(command.pick_order) + "/release", _released(command))]
        raise NeverTry(f"a WMS takes no {type(command).__name__}")

    def outcome(self, command: OutwardCommand, call: Call, response: Response | None, account: Account) -> Outcome:
        """202 and 409 (the same id again) are done; 422 is final; what may heal is tried again."""
        if response is None:
            return _silence(command, call)
        status = response.status
        if status in (408, 425, 429) or status >= 500:
            return Retry(after=_wait(response), reason=f"the WMS answered {status}")
        if status in (401, 403):
            return Retry(after=timedelta(minutes=5), reason=f"the WMS refused our signature ({status})")
        body = parsed(response.body) or {}
        if call.purpose == "read" and status == 404:
            return Retry(after=timedelta(seconds=1), reason="the request had not arrived")
        if 200 <= status < 300 or (status == 409 and isinstance(command, RequestPick)):
            return Done(references=_learnt(command, body))
        faults = _faults(body)
        code = faults[0].code if faults else f"HTTP_{status}"
        message = "; ".join(f"{f.at}: {f.message}" for f in faults) or f"the WMS answered {status}"
        return Rejected(code=code, message=message, fields=faults)


def _silence(command: OutwardCommand, call: Call) -> Outcome:
    if isinstance(command, RequestPick) and call.purpose == "write":
        check = Call(
            key=f"{call.key}-check",
            operation="pick_order.state",
            method="GET",
            path=_path(command.pick_order),
            purpose="read",
            repeatable=True,
        )
        return Unknown(check=check)
    return Retry(after=SOON, reason="no answer; asking again changes nothing twice")


def _call(operation: str, path: str, body: Mapping[str, Any], *, repeatable: bool = True) -> Call:
    whole = {"type": operation, **body}
    return Call(
        key="0",
        operation=operation,
        path=path,
        body=json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode(),
        repeatable=repeatable,
    )


def _path(pick_order: str) -> str:
    return f"/pick-orders/{quote(pick_order, safe='')}"


def _requested(command: RequestPick) -> dict[str, Any]:
    return {
        "pick_order": command.pick_order,
        "order": command.order,
        "node": command.node,
        "version": command.version,
        "ship_by": _instant(command.ship_by),
        "service": command.service,
        "ship_to": _address(command.ship_to),
        "lines": [_line(line) for line in command.lines],
        "documents": [],
        "notes": command.notes,
    }


def _line(line: PickLine) -> dict[str, Any]:
    lots = [{"lot": lot, "quantity": plain(n)} for lot, n in line.lots]
    optional = {"gtin": line.gtin, "lots": lots or None}
    return {
        "line": line.line,
        "sku": line.sku,
        "title": line.title,
        "quantity": plain(line.quantity),
        "serial_required": line.serial_required,
        **{name: value for name, value in optional.items() if value is not None},
    }


def _released(command: ReleasePick) -> dict[str, Any]:
    danfe = base64.b64encode(command.danfe).decode() if command.danfe is not None else None
    return {
        "pick_order": command.pick_order,
        "node": command.node,
        "access_key": command.access_key,
        "danfe": danfe,
    }


def _address(address: Address | None) -> dict[str, str] | None:
    """What is known of it; the tax id stays with us."""
    if address is None:
        return None
    return {name: value for name in _SHIP_TO if (value := getattr(address, name)) is not None}


def _instant(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None


def _wait(response: Response) -> timedelta:
    """`Retry-After` in seconds where given, between one second and one hour."""
    given = response.headers.get("retry-after", "")
    if not (given.isascii() and given.isdigit() and len(given) < 8):
        return SOON
    return min(max(timedelta(seconds=int(given)), timedelta(seconds=1)), LONGEST)


def _learnt(command: OutwardCommand, body: Mapping[str, Any]) -> dict[str, str]:
    """The WMS's own id, and what each line asked for: the reader checks answers against it."""
    if not isinstance(command, RequestPick):
        return {}
    asked = {REFERENCE + line.line: plain(line.quantity) for line in command.lines}
    wms_id = body.get("wms_id")
    return {**asked, "wms_id": wms_id} if isinstance(wms_id, str) else asked


def _faults(body: Mapping[str, Any]) -> tuple[FieldFault, ...]:
    given = body.get("faults")
    if not isinstance(given, list):
        return ()
    return tuple(
        FieldFault(
            at=str(x.get("at", ""))[:200],
            code=str(x.get("code", "REFUSED"))[:80],
            message=str(x.get("message", ""))[:500],
        )
        for x in given[:100]
        if isinstance(x, dict)
    )
