"""One chunk of an import: its rows read, the customers created or changed, and what became of each row written down.

A chunk may run again at any time, after dying at any call, and ends in the same customers and the same report:
- a customer's id is derived from the job and the row, so a row finds the customer that it created in an earlier try;
- the rows that will update a customer are noted before anything is written, so that a later try, which finds the
  customer as the row wants it, still counts an update;
- what a chunk adds to the job's counters is added in one transaction with the chunk's mark of being done.
All rows of one e-mail in a chunk become one write. Rows of one e-mail in different chunks have no order.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import batched

from pynamodb.attributes import BooleanAttribute, NumberAttribute, NumberSetAttribute

from clientela import csv_files, csv_records, csv_rows, customers, dynamodb, import_files, imports, keys, stores
from clientela.csv_columns import Columns
from clientela.csv_files import Chunk
from clientela.csv_records import RecordError
from clientela.csv_rows import Note, Row, RowRefusedError
from clientela.customer_fields import Customer
from clientela.documents import decode
from clientela.errors import BusyError, CustomerNotFoundError, EmailTakenError, VersionConflictError
from clientela.import_accounts import Account, Job
from clientela.import_results import Finding, Result
from clientela.imports import Counts, ImportRecord
from clientela.stores import Store
from clientela.table import Record, Transaction
