"""A post office to try things on: a folder, and stand-ins for EXPORT and IMPORT.

It is ours and no part of cc:Mail. It has the behaviour that the sources tell of; where they are silent a docstring says
that the rule is ours. `office` holds the rules, `state` the folder, `standin` the two programs, `cmdline` their command
lines; ``dxa ccmail simulate`` is all of it at a prompt.
"""
