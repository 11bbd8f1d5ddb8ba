"""Other rule engines on the neutral workload, in turns with its interpreter: `make peers`.

One module for each. `build(specification)` makes, from the workload alone, either a function that decides one customer
(the workload's dict in; values, `actions` and `fired` out, as its interpreter returns them) or a `Batch` of columns.
"""
