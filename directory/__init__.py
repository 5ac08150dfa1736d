"""The register of contact points: signed documents, the log that holds them, and the copy that every node trusts."""
