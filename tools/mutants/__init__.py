"""Guards: each is taken out in a copy of the project, and the named tests must fail.

`mutant_list` names them; `make mutants` runs them.
"""
