"""The door of `flows`."""
