"""DSML: objects and changes of a directory as XML. `dsml1` holds version 1.0, `dsml2` version 2.0 with its batches."""
