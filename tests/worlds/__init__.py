"""The worlds of the fault test: what happens in them at random, and what must agree when all faults stop.

`base` says what a world is, `runner` runs one: a schedule of a seed, many of them, or what Hypothesis chooses. Every
other module is a world, or what stands in one.
"""
