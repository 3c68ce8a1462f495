"""One module per command, each with `SUMMARY`, `DETAILS`, `arguments(parser)` and `run(invocation)`.

`run` returns the exit status; `cli` lists the modules.
"""
