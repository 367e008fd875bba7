"""AS2 (RFC 4130): files signed and sealed over HTTP, each with a receipt that proves what arrived. Knows nothing of what is in a file."""

from __future__ import annotations

from adapters.as2.ports import As2
from hub.canon.ports import Adapter

ADAPTER = Adapter(name="as2", sealer=As2())
