"""Floor 0: clock, ids, money, database, leases, settings, telemetry. No word of the trade."""
