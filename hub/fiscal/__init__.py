"""The door of `fiscal`."""
