"""Figures of this machine: what each part costs, beside what its bare steps cost in the same run."""
