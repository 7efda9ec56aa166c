"""Live directories: the connection, where changes come from, and the connector ``ldap``."""
