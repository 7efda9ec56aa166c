"""dxa, a directory exchange agent: one directory, and the address lists of foreign mail systems in step with it."""
