"""A requestor that stands alone: a postoffice whose address list is a text file, kept in step by a server.

It uses the same protocol machine and the same codecs as dxa itself, and nothing of its agent or store.
"""
