"""SFTP: partners' servers that we look at and write to, and the door where partners bring and fetch files. Knows nothing of what is in a file."""

from __future__ import annotations

from adapters.sftp.door import Entrance
from adapters.sftp.wire import Sftp
from hub.canon.ports import Adapter

ADAPTER = Adapter(name="sftp", carrier=Sftp(), door=Entrance())
