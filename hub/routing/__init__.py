"""The door of `routing`."""
