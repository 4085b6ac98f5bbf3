"""/reports: figures of customers and orders, as JSON or CSV."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.api_gateway import Response, Router
from aws_lambda_powertools.event_handler.openapi.params import Header, Query
from pydantic import Field

from clientela import clock
from clientela.errors import ReportsNotReadyError
from clientela.reports import (
    cohort_report,
    new_returning_report,
    repeat_report,
    report_csv,
    rfm_report,
    summary_report,
    top_customers_report,
)
from clientela.reports.cohort_report import CohortReport
from clientela.reports.new_returning_report import NewReturningParameters, NewReturningReport
from clientela.reports.repeat_report import RepeatParameters, RepeatReport
from clientela.reports.report_models import Report, ReportParameters
from clientela.reports.rfm_report import RfmCustomer, RfmListParameters, RfmParameters, RfmReport
from clientela.reports.summary_report import SummaryParameters, SummaryReport
from clientela.reports.top_customers_report import TopParameters, TopReport
from clientela.web import content_negotiation, etags, openapi_responses, responses
from clientela.web.http_requests import IfNoneMatch
from clientela.web.responses import Listing
from merchant_routes.access import route

router = Router()

BASE = "/v1/stores/<store_id>/reports"
JSON, CSV, CSV_TYPE = "application/json", "text/csv", "text/csv; charset=utf-8"
_TYPES = (JSON, CSV)
Accept = Annotated[
    str | None,
    Header(alias="Accept", description="`text/csv` for CSV; JSON otherwise."),
    Field(examples=["application/json"]),
]


def _route(operation_id: str, model: Any) -> dict[str, Any]:
    options = route(operation_id, "reports:read", model, raises=[ReportsNotReadyError], headers=["ETag"])
    return options | {"responses": options["responses"] | {304: openapi_responses.NOT_MODIFIED}}


@router.get(f"{BASE}/summary", **_route("getSummaryReport", SummaryReport))
def get_summary(
    parameters: Annotated[SummaryParameters, Query()], accept: Accept = None, if_none_match: IfNoneMatch = None
) -> Response[Any]:
    """Get customers, orders and money of a period, beside the period before.

    Orders that arrive count some seconds later.
    """
    report = summary_report.compute(router.context["store"], parameters, clock.now())
    return _respond(report, accept, if_none_match)


@router.get(f"{BASE}/new-vs-returning", **_route("getNewReturningReport", NewReturningReport))
def get_new_returning(
    parameters: Annotated[NewReturningParameters, Query()], accept: Accept = None, if_none_match: IfNoneMatch = None
) -> Response[Any]:
    """Get new and returning customers and orders by day, week or month.

    Each row is as of its end: a customer who came back later is not returning before that.
    """
    report = new_returning_report.compute(router.context["store"], parameters, clock.now())
    return _respond(report, accept, if_none_match)


@router.get(f"{BASE}/cohorts", **_route("getCohortReport", CohortReport))
def get_cohorts(
    parameters: Annotated[ReportParameters, Query()], accept: Accept = None, if_none_match: IfNoneMatch = None
) -> Response[Any]:
    """Get by month of the first order who came back in each later month, and the money spent.

    The period is extended to whole months. A month that is not over is marked; one to come is null.
    """
    report = cohort_report.compute(router.context["store"], parameters, clock.now())
    return _respond(report, accept, if_none_match)


@router.get(f"{BASE}/repeat", **_route("getRepeatReport", RepeatReport))
def get_repeat(
    parameters: Annotated[RepeatParameters, Query()], accept: Accept = None, if_none_match: IfNoneMatch = None
) -> Response[Any]:
    """Get how many orders customers have, and how long the second one took."""
    report = repeat_report.compute(router.context["store"], parameters, clock.now())
    return _respond(report, accept, if_none_match)


@router.get(f"{BASE}/top-customers", **_route("getTopCustomersReport", TopReport))
def get_top_customers(
    parameters: Annotated[TopParameters, Query()], accept: Accept = None, if_none_match: IfNoneMatch = None
) -> Response[Any]:
    """Get the best customers by spend, orders or average, ever or of a period."""
    report = top_customers_report.compute(router.context["store"], parameters, clock.now())
    return _respond(report, accept, if_none_match)


@router.get(f"{BASE}/rfm", **_route("getRfmReport", RfmReport))
def get_rfm(
    parameters: Annotated[RfmParameters, Query()], accept: Accept = None, if_none_match: IfNoneMatch = None
) -> Response[Any]:
    """Get the cut-offs of the RFM scores and the sizes of the segments, as of the last night."""
    report = rfm_report.compute(router.context["store"], parameters, clock.now())
    return _respond(report, accept, if_none_match)


@router.get(
    f"{BASE}/rfm/customers",
    **_route("listRfmCustomers", Listing[RfmCustomer]),
)
def list_rfm_customers(
    parameters: Annotated[RfmListParameters, Query()], accept: Accept = None, if_none_match: IfNoneMatch = None
) -> Response[Any]:
    """List customers with their RFM scores, their segments, and the reasons.

    The one with the newest order is the first. With `segment` a page may be short although there is
    a next one. A page of CSV has the next one in its `Link` header only.
    """
    page = rfm_report.list_customers(router.context["store"], parameters, clock.now())
    listing = responses.listing(router.current_event, page.items, page.next_cursor, parameters.limit)
    if content_negotiation.choose(accept, _TYPES) != CSV:
        return _unless_known(if_none_match, listing, str(listing.body))
    text = report_csv.write_customers(page.items)
    response = Response(status_code=200, content_type=CSV_TYPE, headers=listing.headers, body=text)
    return _unless_known(if_none_match, response, text)


def _respond(report: Report, accept: str | None, if_none_match: str | None) -> Response[Any]:
    """Return a report as JSON or CSV; 304 if only its time has changed."""
    same = report.model_dump_json(exclude={"as_of"})
    if content_negotiation.choose(accept, _TYPES) == CSV:
        response = Response(status_code=200, content_type=CSV_TYPE, body=report_csv.write(report))
        return _unless_known(if_none_match, response, f"{CSV} {same}")
    response = Response(status_code=200, content_type=JSON, body=report.model_dump_json())
    return _unless_known(if_none_match, response, same)


def _unless_known(if_none_match: str | None, response: Response[Any], content: str) -> Response[Any]:
    """Return a response with its entity tag, or 304. It is weak: the time of the report differs."""
    tag = f"W/{etags.etag_of(content)}"
    headers = {**response.headers, "ETag": tag, "Vary": "Accept"}
    if etags.matches(if_none_match, tag):
        return Response(status_code=304, headers=headers, body="")
    response.headers = headers
    return response
