"""An invoice request as plain JSON and back, so that a stored request plans the same note again."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

from pydantic import TypeAdapter, ValidationError

from hub.fiscal.invoice_request import InvoiceRequest
from hub.kit.errors import HubError


class RequestUnreadable(HubError):
    """This is not the JSON of an invoice request: {faults}"""

    code: ClassVar[str] = "INVOICE_REQUEST_UNREADABLE"


@cache
def _adapter() -> TypeAdapter[InvoiceRequest]:
    return TypeAdapter(InvoiceRequest)


def request_to_json(request: InvoiceRequest) -> dict[str, Any]:
    """Every field by its name; decimals as text in the scale they have, times as ISO 8601."""
    dumped: dict[str, Any] = _adapter().dump_python(request, mode="json")
    return dumped


def request_from_json(data: Mapping[str, Any]) -> InvoiceRequest:
    """The request of `request_to_json`; raises `RequestUnreadable` with every fault as `path: reason`."""
    try:
        return _adapter().validate_python(data)
    except ValidationError as error:
        shown = (f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors(include_input=False))
        raise RequestUnreadable(faults="; ".join(shown)) from error
