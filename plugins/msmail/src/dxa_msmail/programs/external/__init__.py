"""EXTERNAL: mail between postoffices."""
