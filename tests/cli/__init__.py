"""Tests of the command line, on real sites in temporary folders."""
