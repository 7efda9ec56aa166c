"""The tests of the configuration."""
