"""The door of `fulfillment`."""
