"""The MS Mail connector of dxa."""
