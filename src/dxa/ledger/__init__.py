"""The ledger: what each peer has told us, what each should see, and what each may hold.

`received` turns a report into changes of one peer's received list. `view` turns changes of the directory into numbered
transitions of a view. `answer` turns a quoted number into the transactions that lead a peer to the head of its view.
All of it is pure: the caller brings the rows that are touched and stores what comes back.
"""
