"""DISPATCH: the programs of many postoffices by their schedules."""
