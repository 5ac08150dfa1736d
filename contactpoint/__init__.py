"""A State's node in a network of contact points: desk, worker, gateway and console."""
