"""The door of `incidents`."""
