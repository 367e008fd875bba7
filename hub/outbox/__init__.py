"""The door of `outbox`."""
