"""Floor 1: the words shared with adapters. Frozen data and protocols; no I/O, no storage."""
