"""People: objects of a directory to entries and back, in a dialect. `codec.People` is the front of this package."""
