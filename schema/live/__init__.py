"""Live answers: one tailer a process, shared streams, and the transports that carry them."""
