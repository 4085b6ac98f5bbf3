"""Events for other systems: derive them from changes of the table, publish them on EventBridge.

Called by the function on the table's stream.
"""
