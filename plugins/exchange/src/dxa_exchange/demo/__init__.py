"""What a demonstration of dxa-exchange plays on."""
