"""The door of the network: nodes with address, calendar and establishment; lanes with cost, days and CO2e."""

from hub.network.commands import change_load, forget, load, put_lanes, put_node
from hub.network.model import Lane, Network, Node

__all__ = ["Lane", "Network", "Node", "change_load", "forget", "load", "put_lanes", "put_node"]
