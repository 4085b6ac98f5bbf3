"""Reports about customers and orders: summary, new and returning, cohorts, repeat, top, RFM.

Every customer contributes to counters, by a function of its profile and its counted orders alone
(`report_contributions`). After each change the difference to the last contribution is added in one
transaction (`report_updates`). docs/reports.md has the definitions.

Called by the merchant API, the command line, and the functions `report_updater` and
`report_checker`.
"""
