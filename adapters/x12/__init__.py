"""X12: what partners send by file becomes orders, acks and documents; what we owe them leaves as interchanges."""

from __future__ import annotations

from adapters.x12.library import Library
from adapters.x12.ports import Exchange
from adapters.x12.second import of_envelope
from hub.canon.ports import Adapter

_EXCHANGE = Exchange(Library())
ADAPTER = Adapter(
    name="x12", push=_EXCHANGE, reader=_EXCHANGE, outbound=_EXCHANGE, second=of_envelope, agreed=_EXCHANGE.agreed
)
