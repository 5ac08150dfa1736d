"""The commands of a State: parse, call one use case, print its result. Nothing heavy is imported before one runs."""

from contactpoint.cli.app import main

__all__ = ["main"]
