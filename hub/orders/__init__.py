"""The door of `orders`."""
