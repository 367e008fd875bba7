"""A warehouse that speaks our contract wms/1: pick orders out, progress, shorts and stock in, all signed by Standard Webhooks."""

from __future__ import annotations

from adapters.wms.read import WmsReader
from adapters.wms.wire import Pull, Push, authorize
from adapters.wms.write import WmsOutbound
from hub.canon.ports import Adapter

ADAPTER = Adapter(
    name="wms", push=Push(), pull=Pull(), reader=WmsReader(), outbound=WmsOutbound(), authorize=authorize, learns=True
)
