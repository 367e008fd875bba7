"""The door of `ledger`."""
