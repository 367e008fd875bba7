"""The mutations of the API: each method checks what it was asked for, calls the rooms in one unit and says what came of it."""

from __future__ import annotations

from hub.connections import Directory
from hub.web.commands.fulfillments import FulfillmentCommands
from hub.web.commands.orders import OrderCommands
from hub.web.commands.stock import StockCommands
from hub.web.commands.upkeep import UpkeepCommands
from hub.web.commands.work import Desk


class HubCommands(OrderCommands, StockCommands, FulfillmentCommands, UpkeepCommands):
    """All of them, over one write path."""

    def __init__(self, desk: Desk, directory: Directory) -> None:
        OrderCommands.__init__(self, desk)
        UpkeepCommands.__init__(self, desk, directory)


__all__ = ["Desk", "HubCommands"]
