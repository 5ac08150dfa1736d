"""`python -m contactpoint.cli`: the same program as `contactpoint`."""

from contactpoint.cli.app import main

main()
