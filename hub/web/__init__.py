"""The door of `web`."""
