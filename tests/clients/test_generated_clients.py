"""Typed clients: generated from the document without a warning, and compiled strictly."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.openapi import document_file, operations
from tests.support.template_file import PROJECT

DOCUMENT = PROJECT / "docs" / "openapi.json"
TOOLS = PROJECT / ".venv" / "api-tools"

PYTHON_CALLER = """
from client.client import AuthenticatedClient
from client.api.customers import change_customer, create_customer, list_customers
from client.models.customer import Customer
from client.models.customer_changes import CustomerChanges
from client.models.customer_row_list import CustomerRowList
from client.models.new_customer import NewCustomer

def names(client: AuthenticatedClient) -> list[str | None]:
    page = list_customers.sync("demo", client=client, limit=10)
    assert isinstance(page, CustomerRowList)
    return [row.id for row in page.items]

def rename(client: AuthenticatedClient) -> str | None:
    made = create_customer.sync("demo", client=client, body=NewCustomer(email="ana@example.com"))
    assert isinstance(made, Customer)
    changed = change_customer.sync("demo", made.id, client=client, body=CustomerChanges(name="Ana"))
    return changed.name if isinstance(changed, Customer) else None
"""
TYPESCRIPT_CALLER = """
import type { components, operations, paths } from "./api";

type Customer = components["schemas"]["Customer"];
type NewCustomer = operations["createCustomer"]["requestBody"]["content"]["application/json"];
type Problem = components["schemas"]["Problem"];

export const wanted: NewCustomer = { email: "ana@example.com", shipping_addresses: [{ city: "Madrid" }] };
export const spent = (customer: Customer): string[] =>
  customer.total_spent.map(({ amount, currency }) => `${amount} ${currency}`);
export const city = (customer: Customer): string | null => customer.billing_address?.city ?? null;
export const fields = (problem: Problem): string[] =>
  problem.errors?.map(({ pointer, message }) => `${pointer} ${message}`) ?? [];
type Query = NonNullable<paths["/v1/stores/{store_id}/customers"]["get"]["parameters"]["query"]>;
export const filter: Query = { sort: "-spent", ids: ["cus_1"] };
// @ts-expect-error: a customer needs an e-mail
export const wrong: NewCustomer = { name: "Ana" };
"""


@pytest.fixture(scope="session", autouse=True)
def tools() -> None:
    """The generators, installed once from their locks."""
    subprocess.run(["make", "--silent", "api-tools"], cwd=PROJECT, check=True, capture_output=True)


def run(folder: Path, *command: str | Path) -> str:
    environment = os.environ | {"PATH": f"{TOOLS / 'bin'}:{os.environ['PATH']}"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_python_client(tmp_path: Path) -> None:
    generator = TOOLS / "bin" / "openapi-python-client"
    said = run(
        tmp_path,
        generator,
        "generate",
        "--path",
        DOCUMENT,
        "--output-path",
        "client",
        "--meta",
        "none",
        "--fail-on-warning",
    )
    assert "arning" not in said
    (tmp_path / "caller.py").write_text(PYTHON_CALLER)
    # The generator's own client.py passes arguments on in a way that mypy does not follow.
    (tmp_path / "mypy.ini").write_text("[mypy]\nstrict = true\n[mypy-client.client]\ndisable_error_code = arg-type\n")
    run(tmp_path, sys.executable, "-m", "mypy", "client", "caller.py")
    modules = {file.stem for file in (tmp_path / "client" / "api").rglob("*.py")}
    wanted = {operation.id.lower() for operation in operations(document_file())}
    assert wanted <= {module.replace("_", "") for module in modules}


def test_typescript_types(tmp_path: Path) -> None:
    node = TOOLS / "node_modules" / ".bin"
    run(tmp_path, node / "openapi-typescript", DOCUMENT, "--output", "api.d.ts")
    (tmp_path / "caller.ts").write_text(TYPESCRIPT_CALLER)
    assert run(tmp_path, node / "tsc", "--version").startswith("Version 5.9")
    run(
        tmp_path,
        node / "tsc",
        "--strict",
        "--noEmit",
        "--target",
        "es2022",
        "--module",
        "esnext",
        "api.d.ts",
        "caller.ts",
    )
