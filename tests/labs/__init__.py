"""Sites and postoffices that a test sets up, moves along and looks at by hand, step by step."""
