"""A rates service that speaks our contract rates/1: asked ahead of time what parcels cost, signed by Standard Webhooks. Nothing comes unasked."""

from __future__ import annotations

from adapters.rates.wire import authorize
from adapters.rates.write import RatesOutbound
from hub.canon.ports import Adapter

ADAPTER = Adapter(name="rates", outbound=RatesOutbound(), authorize=authorize)
