"""What one review found of a contact, for `enroll` to act on."""

from __future__ import annotations

from dataclasses import dataclass

from nurture.audience.contact import Contact
from nurture.audience.facts import Event
from nurture.clock import Moment
from nurture.journeys.triggers import line_property
from nurture.lifecycle.stages import Transition
from nurture.store.histories import OrderHappening


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """A contact who was reviewed: what they are looked at for."""

    contact: Contact
    since: Moment
    """What happened later than this has not been taken in yet."""
    new: bool
    transitions: tuple[Transition, ...] = ()
    """Those of the business that are new."""

    @property
    def contact_id(self) -> int:
        """The contact's id."""
        return self.contact.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """An event with the key that tells it from all others."""

    key: str
    event: Event


def order_event(order: OrderHappening) -> Event:
    """An order that came in, or was undone, as an event."""
    return Event(
        name="refunded" if order.undone else "ordered",
        at=order.at,
        properties={
            "order_id": order.order_id,
            "amount": order.amount / 100,
            **{line_property(line): True for line in order.lines},
        },
    )
