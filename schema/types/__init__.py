"""Strawberry types, one file a room, bound to the views that the room publishes."""
