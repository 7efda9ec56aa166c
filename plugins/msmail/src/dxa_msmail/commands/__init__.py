"""The commands below ``dxa msmail``; each module holds one group of them and is imported when it is used."""
