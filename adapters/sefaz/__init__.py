"""NF-e and NFC-e: notes written, signed, sent to the authorities, and their answers read."""

from adapters.sefaz.outbound import SefazOutbound, prepare
from adapters.sefaz.wire import SefazWire
from hub.canon.ports import Adapter

ADAPTER = Adapter(name="sefaz", outbound=SefazOutbound(), wire=SefazWire(), prepare=prepare)

__all__ = ["ADAPTER"]
