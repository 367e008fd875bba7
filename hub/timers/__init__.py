"""The door of `timers`."""
