"""The door of connections: accounts at outside systems."""

from hub.connections.lookup import UnknownConnection, adapters, configs

__all__ = ["UnknownConnection", "adapters", "configs"]
