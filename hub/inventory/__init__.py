"""The door of `inventory`."""
