"""Composition roots: the only rooms that build things, and that read the clock, randomness and the environment."""
