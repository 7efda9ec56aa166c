"""Where changes come from: what each kind of server can say about what has changed since."""
