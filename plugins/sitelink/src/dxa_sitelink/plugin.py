"""The hooks of dxa-sitelink. What they need is imported when they are called."""
