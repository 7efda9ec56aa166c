"""IMPORT: transactions into address lists, and lists into files."""
