"""The mutations of the API: each method checks what it was asked for, calls the rooms in one unit and says what came of it."""

from __future__ import annotations

from hub.connections import Directory
from hub.flows.reread import Rereader
from hub.kit.vault import Vault
from hub.web.commands.changes import ChangeCommands
from hub.web.commands.exchanges import CheckProfile, ExchangeCommands
from hub.web.commands.fulfillments import FulfillmentCommands
from hub.web.commands.guides import GuideCommands
from hub.web.commands.invoices import InvoiceCommands
from hub.web.commands.orders import OrderCommands
from hub.web.commands.reservations import ReservationCommands
from hub.web.commands.searches import SearchCommands
from hub.web.commands.stock import StockCommands
from hub.web.commands.upkeep import UpkeepCommands
from hub.web.commands.work import Desk


class HubCommands(
    OrderCommands,
    ChangeCommands,
    SearchCommands,
    StockCommands,
    ReservationCommands,
    FulfillmentCommands,
    GuideCommands,
    InvoiceCommands,
    UpkeepCommands,
    ExchangeCommands,
):
    """All of them, over one write path."""

    def __init__(
        self, desk: Desk, directory: Directory, vault: Vault, rereader: Rereader, check_profile: CheckProfile
    ) -> None:
        OrderCommands.__init__(self, desk)
        InvoiceCommands.__init__(self, desk, vault)
        UpkeepCommands.__init__(self, desk, directory)
        ExchangeCommands.__init__(self, desk, directory, rereader, check_profile)


__all__ = ["Desk", "HubCommands"]
