"""A State's node in the network of contact points: gateway, desk, worker and console."""

__version__ = "0.1.0"
