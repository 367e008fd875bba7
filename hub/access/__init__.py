"""The door of `access`."""
