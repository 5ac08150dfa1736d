"""The State's working place: compose, take, open, answer, show, export, verify."""
