"""The shapes of what is asked and answered, with examples: the document is made of them."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Value: TypeAlias = Annotated[str, Field(max_length=2000)] | int | float | bool

TIME = "2026-03-02T09:30:00Z"


class _Shape(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class _Asked(_Shape):
    model_config = ConfigDict(extra="forbid", strict=True)


class Somebody(_Asked):
    """A contact, by address or by the id that the shop's own system has for them: one of the two."""

    email: str = Field(default="", max_length=320, examples=["ann@example.test"])
    external_id: str = Field(default="", max_length=200, examples=["c-1017"])


class ConsentGiven(Somebody):
    """A yes or no to a topic, as a person said it."""

    topic: str = Field(max_length=200, examples=["offers"])
    agreed: bool
    basis: str = Field(default="", max_length=300, examples=["checkbox at the checkout"])
    """How they said it; a yes needs it."""
    wording: str = Field(default="", max_length=2000, examples=["Yes, write to me about offers."])
    ip: str = Field(default="", max_length=45, examples=["192.0.2.17"])
    at: str = Field(default="", max_length=60, examples=[TIME])


class MessageGiven(Somebody):
    """One message to one person, from a template that is in force."""

    template: str = Field(max_length=200, examples=["order-shipped"])
    key: str = Field(default="", max_length=255, examples=["shipped-1001"])
    """A name for this message: under the same one it goes out once, for ever."""
    properties: dict[str, Value] = Field(default_factory=dict, max_length=200)
    """What the template sees as `event.NAME`."""
    locale: str = Field(default="", max_length=40, examples=["de-AT"])


class BrowserEvent(_Asked):
    """Something that a visitor did."""

    name: str = Field(min_length=1, max_length=100, examples=["page_view"])
    properties: dict[str, Value] = Field(default_factory=dict, max_length=50)


class BrowserGiven(_Asked):
    """What nurture.js reports."""

    visitor: str = Field(max_length=100)
    """The token that the shop's server got from /visitors."""
    events: list[BrowserEvent] = Field(min_length=1, max_length=20)


class LineRejected(_Shape):
    line: int
    """From 1; blank lines count."""
    because: str


class Intake(_Shape):
    """What became of one object, or of a batch."""

    taken: int = Field(examples=[2])
    """What was new, or said something new."""
    unchanged: int = Field(examples=[0])
    rejected: int = Field(examples=[0])
    lines: list[LineRejected] = Field(examples=[[]])
    """Why lines were rejected: the first 200 of them."""
    not_used: list[str] = Field(examples=[[]])
    """Fields that mean nothing here."""


class ContactFound(_Shape):
    """What is known of a contact."""

    email: str
    external_id: str
    first_name: str
    last_name: str
    locale: str
    timezone: str
    country: str
    tags: list[str]
    attributes: dict[str, Any]
    created_at: str
    topics: dict[str, bool]
    """The last word on each topic they said something about."""
    suppressed: str
    """Why nothing is ever sent there; empty: it may be."""


class ConsentKept(_Shape):
    topic: str
    agreed: bool


class MessageTaken(_Shape):
    """A message on its way."""

    id: str
    state: str = Field(examples=["planned"])


class MessageState(MessageTaken):
    """What became of a message."""

    template: str
    reason: str
    """Why it was skipped, or what the server said."""
    planned_at: str
    done_at: str | None
    opened_at: str | None
    clicked_at: str | None


class VisitorToken(_Shape):
    """What a page says nurture.identify with."""

    token: str
    expires_at: str


class CodeFound(_Shape):
    """How a code stands."""

    code: str = Field(examples=["FIRST-7KX9M-2MPQA"])
    """As it is written for people, however it was asked for."""
    good: bool
    """Whether it can be used now; by the contact who was asked for, where one was."""
    why: str = Field(examples=["expired"])
    """Why it cannot: redeemed, expired, somebody else, not given. Empty: it can."""
    offer: str = Field(examples=["first-order-15"])
    says: str = Field(examples=["15% off your first order"])
    """What people are told of the offer; empty: it is in force no more."""
    discount: str = Field(examples=["15%"])
    """What the code stands for, as it was written when it was made."""
    unique: bool
    """Whether it is of one contact alone; else it is one code for all."""
    external_id: str = Field(examples=["c-1017"])
    """Of the contact whose it is; empty: nobody's, one for all, or they have none."""
    email: str | None = Field(default=None, examples=["ann@example.test"])
    """Their address; only for a key that may look contacts up."""
    expires_at: str | None
    redeemed_at: str | None


class BrowserTaken(_Shape):
    taken: int


class Wrong(_Shape):
    pointer: str
    detail: str


class Problem(_Shape):
    """What is wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str = ""
    errors: list[Wrong] = []


# Rows are read as those of files are, so these say what is known by name, and let the rest pass.


class ContactRow(_Shape):
    """A contact; all fields that have no name here become attributes. What is empty says nothing."""

    model_config = ConfigDict(extra="allow")

    email: str = Field(default="", examples=["ann@example.test"])
    external_id: str = Field(default="", examples=["c-1017"])
    first_name: str = Field(default="", examples=["Ann"])
    last_name: str = Field(default="", examples=["Lee"])
    locale: str = Field(default="", examples=["en-GB"])
    timezone: str = Field(default="", examples=["Europe/London"])
    country: str = Field(default="", examples=["GB"])
    created_at: str = Field(default="", examples=[TIME])
    """Since when they are known. ISO 8601; without a zone, in the workspace's."""
    consent: str = Field(default="", examples=["checkbox at the checkout"])
    """On what basis they agreed to all marketing topics; counts for topics on which they never said anything."""
    tags: str | list[str] = Field(default="", examples=["regular"])
    """Added to those they have; as text, separated by commas."""


class EventRow(_Shape):
    """An event; all fields that have no name here become properties."""

    model_config = ConfigDict(extra="allow")

    id: str = Field(default="", examples=["trial-77"])
    """The same event again is harmless. Without one, it is known by all that it says."""
    email: str = Field(default="", examples=["ann@example.test"])
    external_id: str = ""
    name: str = Field(examples=["trial_started"])
    at: str = Field(default="", examples=[TIME])
    """Without it: now."""


class OrderLine(_Shape):
    sku: str = Field(examples=["R-12"])
    amount: float | str = Field(examples=[24.90])
    """What was paid for it, all pieces together."""
    quantity: float | str = Field(default=1, examples=[2])
    status: str = Field(default="", examples=["paid"])
    refunded_at: str = ""


class OrderRow(_Shape):
    """An order with its lines. Sent again with another `status`, it is refunded or cancelled."""

    model_config = ConfigDict(extra="allow")

    order_id: str = Field(examples=["1001"])
    email: str = Field(default="", examples=["ann@example.test"])
    external_id: str = ""
    """In place of `email`, where the contact is known."""
    ordered_at: str = Field(examples=[TIME])
    currency: str = ""
    """The workspace's, or not said."""
    code: str = Field(default="", examples=["WELCOME-7K2M"])
    """The offer's code that they used."""
    status: str = Field(default="paid", examples=["paid"])
    """paid, refunded or cancelled; a line may have its own."""
    refunded_at: str = ""
    lines: list[OrderLine] = Field(min_length=1)
    """What was bought: `sku`, `amount` (what was paid for it) and `quantity`."""


class ProductRow(_Shape):
    """Something that can be bought."""

    model_config = ConfigDict(extra="allow")

    sku: str = Field(examples=["R-12"])
    name: str = Field(default="", examples=["Rice, 12 kg"])
    line: str = Field(default="", examples=["rice"])
    """Its product line, for which stages are kept."""
    category: str = ""
    price: float | str = Field(default="", examples=[24.90])
    currency: str = ""
    url: str = Field(default="", examples=["https://shop.example/rice"])
    image_url: str = ""
    in_stock: bool | str = Field(default="", examples=[True])
