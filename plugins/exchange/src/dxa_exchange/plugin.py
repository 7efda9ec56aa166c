"""The hooks of dxa-exchange. What they need is imported when they are called."""
