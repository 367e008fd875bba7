"""The door of `connections`."""
