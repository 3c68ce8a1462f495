"""The service's estate in AWS: what is wanted, and how to get there.

`environments` says what is wanted, as data. `estate` lists the components, each of
which turns that into resources and knows how to find them. `plan` compares the two and
returns calls as data, `apply` makes them. There is no state file: what is ours has a
deterministic name and our tags, from the very call that makes it (`names`).
"""
