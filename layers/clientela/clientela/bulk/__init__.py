"""One change for many customers, by ids or by filter, with a result for each.

Called by the API, by the bulk function and by the removal of a group.
"""
