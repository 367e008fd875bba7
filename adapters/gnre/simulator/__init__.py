"""The GNRE portal for tests and the demo: five services behind mutual TLS that validate, work asynchronously and misbehave on request."""

from adapters.gnre.simulator.app import Fault, FaultKind, GnreApp
from adapters.gnre.simulator.server import GnreSimulator

__all__ = ["Fault", "FaultKind", "GnreApp", "GnreSimulator"]
