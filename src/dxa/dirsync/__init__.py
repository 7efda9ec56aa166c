"""The dirsync protocol: numbers, messages, and the two machines.

A machine is a function ``step(state, event) -> (state, commands)``; its rules are a table of which the first that
fits wins, and ``docs/protocol.md`` prints the tables from here. The machines decide about numbers only: whether what
came is taken, and whether the answer is an update or full. The content comes from the ledger.
"""
