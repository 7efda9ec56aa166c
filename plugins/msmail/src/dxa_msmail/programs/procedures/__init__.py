"""Procedures of an administrator's: resets, moves, restores, retirements, renames."""
