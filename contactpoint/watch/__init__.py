"""The worker: due clocks, the outbox, notices, and the mirror of the register. Any number run side by side."""
