"""A connector of dxa to folders of vCards."""
