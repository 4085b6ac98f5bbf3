"""/customers/{id}/invite: invite a customer by mail to use the account."""

from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Response, Router

from clientela import clock
from clientela.customers import invitations
from clientela.customers.invitations import Invitation
from clientela.errors import CustomerNotFoundError, InvitationRefusedError
from clientela.web import responses
from merchant_routes.access import route
from merchant_routes.customers import ONE, CustomerId

router = Router()


@router.post(
    f"{ONE}/invite",
    **route(
        "inviteCustomer", "customers:write", Invitation, 202, raises=[CustomerNotFoundError, InvitationRefusedError]
    ),
)
def invite_customer(customer_id: CustomerId) -> Response[Any]:
    """Invite a customer by mail to use the account, which the merchant created or imported.

    At most once an hour: a repeated request sends no second mail. 409 if the store has no sign-in,
    or if the customer is disabled or cannot receive mail. To invite many, see `changeCustomers`.
    """
    return responses.json(invitations.invite(router.context["store"], customer_id, clock.now()), 202)
