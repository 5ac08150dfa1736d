"""Load, decide, carry out in one transaction; sign and seal. Desk and watch meet here, and nowhere else."""
