"""The door of `inbox`."""
