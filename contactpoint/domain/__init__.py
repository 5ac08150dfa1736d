"""The law and the clocks of the network, decided by pure functions of plain values.

Promise: the same values and the same `now` always give the same decision, at both ends and years later.
It never acts: no clock, no socket, no database, no randomness, no cryptography; standard library only.
"""
