"""The door of `network`."""
