"""Running EXPORT and IMPORT: one interface (`interface`) and three ways.

`commands` runs configured command lines, `drop` exchanges files with somebody else who runs the programs, and
`simulated` calls the stand-in of `dxa_ccmail.simulator` in this process.
"""
