"""NF-e and NFC-e: notes written, signed, sent to the authorities, and their answers read."""

from adapters.sefaz.danfe import render
from adapters.sefaz.feed import SefazFeed, SefazReader
from adapters.sefaz.outbound import SefazOutbound, prepare
from adapters.sefaz.wire import SefazWire
from hub.canon.ports import Adapter

ADAPTER = Adapter(
    name="sefaz",
    pull=SefazFeed(),
    reader=SefazReader(),
    outbound=SefazOutbound(),
    wire=SefazWire(),
    prepare=prepare,
    printed=render,
)

__all__ = ["ADAPTER"]
