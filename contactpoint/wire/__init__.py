"""Bytes between States, sans I/O: statements, envelopes, slips, frames and the machines of the link.

Standard: `docs/protocol.md` sections 3 to 5. Nothing here touches a clock, a socket or a database.
"""
