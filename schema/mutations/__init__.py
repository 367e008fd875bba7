"""Mutations: input to command, outcome to payload. Decides nothing."""
