"""Events for other systems: derived from changes of the table, published on EventBridge.

Called by the function on the table's stream.
"""
