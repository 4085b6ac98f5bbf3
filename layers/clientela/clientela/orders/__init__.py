"""Orders: record a version, move, list; keep the statistics exact; adopt unclaimed orders.

Called by the order queue's function, by `sign_in` (a new customer's orders) and by `lifecycle`
(merge, erase).
"""
