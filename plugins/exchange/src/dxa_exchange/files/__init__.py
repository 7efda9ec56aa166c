"""A directory that is reached by files only: exports are taken from one folder, import files are left in another."""
