"""External ids of rows that another customer has, or that an earlier row of the file names.

They are found before anything is written, so that a plan and a trial run show them. The condition
of the write still guards each id that somebody gets later.
"""

from collections.abc import Iterable, Mapping, Sequence

from clientela.customers import external_ids
from clientela.customers.external_ids import ExternalId
from clientela.errors import ExternalIdTakenError
from clientela.imports import import_customers
from clientela.imports.import_customers import ImportedCustomer
from clientela.sentences import Sentence
from clientela.stores.stores import Store

TAKEN, REPEATED = ExternalIdTakenError.code, "external_id_repeated"


def reject_taken(
    store: Store, imported: Sequence[ImportedCustomer], repeated: Mapping[int, int]
) -> list[ImportedCustomer]:
    """Return the customers, without the changes of those who would get an id of somebody else.

    `repeated` are the lines of rows with an id that a row of another e-mail has before them, each
    with the line of the earlier one. A customer who has the id already keeps it.

    Cost: half a read unit for each id that a row would add.
    """
    added = {each for customer in imported for each in _added(customer)}
    if not added:
        return list(imported)
    owners = external_ids.find_owners(store, added)
    return [_checked(customer, owners, repeated) for customer in imported]


def _checked(
    imported: ImportedCustomer, owners: Mapping[ExternalId, str], repeated: Mapping[int, int]
) -> ImportedCustomer:
    new = [each for each in _added(imported) if imported.after and owners.get(each) != imported.after.id]
    for each in new:
        if each in owners:
            error = external_ids.taken(each)
            return import_customers.reject(imported, TAKEN, error.detail)
    earlier = next((repeated[row.line] for row in imported.rows if row.line in repeated), None)
    if new and earlier is not None:
        message = Sentence("Line {line} has the same external id for another e-mail.", line=earlier)
        return import_customers.reject(imported, REPEATED, message)
    return imported


def _added(imported: ImportedCustomer) -> Iterable[ExternalId]:
    """Return the ids that the rows add to their customer, in their order."""
    if imported.after is None or not imported.is_changed:
        return []
    former = imported.before.external_ids if imported.before else {}
    return [each for each in imported.after.external_ids.items() if former.get(each[0]) != each[1]]
