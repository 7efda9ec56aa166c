"""A connector of dxa to vcard."""
