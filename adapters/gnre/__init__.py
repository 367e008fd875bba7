"""GNRE 2.00: collection guides issued at the national portal, and what each UF wants on them."""

from adapters.gnre.outbound import GnreOutbound
from adapters.gnre.wire import GnreWire
from hub.canon.ports import Adapter

ADAPTER = Adapter(name="gnre", outbound=GnreOutbound(), wire=GnreWire())

__all__ = ["ADAPTER"]
