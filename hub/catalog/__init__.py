"""The door of `catalog`."""
