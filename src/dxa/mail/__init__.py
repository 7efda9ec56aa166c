"""Messages of a link as e-mails, for links where only mail passes: written, sealed, submitted, fetched and read.

``letter``     what a message says, as an e-mail and back (RFC 5322, RFC 2045), with its seal
``interface``  where mail goes out, and where it comes in
``smtp``, ``maildir``, ``imap``, ``memory``   the ways of both
``options``    the keys of a configuration, and `open_mail`
"""
