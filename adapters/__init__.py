"""One directory for each outside system. An adapter translates; it never decides."""
