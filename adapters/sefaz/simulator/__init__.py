"""The other side: an authority of NF-e that answers by the rules and misbehaves on request."""

from adapters.sefaz.simulator.faults import Fault, FaultKind
from adapters.sefaz.simulator.server import SefazSimulator

__all__ = ["Fault", "FaultKind", "SefazSimulator"]
