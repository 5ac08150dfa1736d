"""How a bundle is judged: register, letters, slips, times, and the readable summary. Pure; needs no node, network or database."""
