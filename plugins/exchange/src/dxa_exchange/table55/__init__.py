"""The Directory Import/Export files of Exchange 4.0, 5.0 and 5.5: a header, and one object on each line."""
