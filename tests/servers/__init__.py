"""Servers that tests start for themselves, or play: of mail, and of directories with those who hear them."""
