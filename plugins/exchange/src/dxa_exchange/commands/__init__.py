"""The commands below ``dxa exchange``; each is imported when it is used."""
