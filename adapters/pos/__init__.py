"""Tills that speak our contract pos-sale/1: sales, voids and returns, signed by Standard Webhooks. Nothing is sent to a till."""

from __future__ import annotations

from adapters.pos.read import PosReader
from adapters.pos.wire import Push
from hub.canon.ports import Adapter

ADAPTER = Adapter(name="pos", push=Push(), reader=PosReader())
