"""The commands below ``dxa ccmail``; each module holds one group of them and is imported when it is used."""
