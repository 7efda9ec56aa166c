"""Directories of the Exchange world: import/export files, LDIF, DSML, and live LDAP."""
