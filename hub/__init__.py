"""The hub: orders in, one canonical order, stock reserved, documents out. See docs/architecture.md."""
