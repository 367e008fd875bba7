"""NF-e and NFC-e: notes written, signed, sent to the authorities, and their answers read."""
