"""``dxa sitelink …``."""
