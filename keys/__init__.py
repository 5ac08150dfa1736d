"""Everything cryptographic: one spelling of bytes, signatures, seals, certificates, custody. Knows nothing of cases.

Standard: `docs/protocol.md` sections 1 and 2. Every primitive is a named standard reached through `cryptography`.
"""
