"""A gateway: a mailbox on the public network. Checks the outer signature, stores durably, signs *held*, hands on."""
