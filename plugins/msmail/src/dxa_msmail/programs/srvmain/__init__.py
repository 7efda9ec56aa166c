"""SRVMAIN: a postoffice as the directory server."""
