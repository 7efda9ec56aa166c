"""A whole postoffice on disk (MAILDATA): its records as values, its files behind one lock, and what the files mean.

Two layers. `layout` and the modules of records turn bytes into values and back; they take no paths. `maildata`, on
`disk` and `commit`, is what touches a disk: it finds files whatever the case of their names, holds the postoffice's
lock, and changes any number of files at once or none of them. Everything else works on the `Files` that it hands out.
"""
