"""The cc:Mail plugin of dxa: a post office whose directory is exported in full and changed by import files."""
