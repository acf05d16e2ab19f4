"""All tables, on one page.

Ids are time-ordered bigints (`ids.py`). Moments are BIGINT microseconds UTC. No NULL stands in a unique key: "none" is
0 or "". Line 0 is the business as a whole. A column that both engines must compare as text is plain text; maps are
JSON text.

people       contacts · consents · consent_states · suppressions · sign_ups · quiet
goods        lines · products · orders · order_lines · product_pairs · product_counts · product_steps · due_again
happenings   events · seen
lifecycle    agenda · stages · transitions · order_facts
campaigns    versions · campaigns · campaign_steps · occasions · winners · templates
journeys     enrollments · messages · outbox · codes · offer_draws · redemptions · offer_sums · shown · notices
engagement   hits · signs
coming in    arrivals · replies
outside      api_keys · idempotent · feed · feed_deliveries
destinations destinations · destination_days · soft_bounces
machines     senders · marks · inbox · domains
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Index, LargeBinary, SmallInteger, UniqueConstraint, text
from sqlmodel import Field, SQLModel


def _big(*, primary_key: bool = False, default: int | None = 0) -> Any:
    """A BIGINT that is never NULL."""
    column = Column(BigInteger, primary_key=primary_key, autoincrement=False, nullable=False)
    return Field(sa_column=column) if default is None else Field(default=default, sa_column=column)


def _small(default: int = 0) -> Any:
    return Field(default=default, sa_column=Column(SmallInteger, nullable=False))


# ------------------------------------------------------------------ people


class ContactRow(SQLModel, table=True):
    """One person, by address in lower case."""

    __tablename__ = "contacts"
    __table_args__ = (
        Index("contacts_by_external_id", "external_id"),
        Index("contacts_by_zone", "timezone", "country"),
    )

    id: int = _big(primary_key=True, default=None)
    email: str = Field(unique=True)
    external_id: str = ""
    first_name: str = ""
    last_name: str = ""
    locale: str = ""
    timezone: str = ""
    country: str = ""
    tags: str = "[]"
    attributes: str = "{}"
    created_at: int = _big()
    last_engaged_at: int = _big()
    """When they last opened or clicked, as the system they came from says; what happens here is in `signs`."""
    reviewed_at: int = _big()
    """Everything that happened up to here has been taken into stages, goals and entries."""


class ConsentRow(SQLModel, table=True):
    """One word that a contact gave or took back. Rows are only added."""

    __tablename__ = "consents"
    __table_args__ = (Index("consents_by_contact", "contact_id", "at"),)

    id: int = _big(primary_key=True, default=None)
    contact_id: int = _big()
    topic: str
    agreed: bool
    at: int = _big()
    basis: str = ""
    """How: `import: newsletter form`, `one-click`, `unsubscribe page` …"""
    wording: str = ""
    """What they agreed to, as it was put to them."""
    source: str = ""
    """Where: the address of a page, the name of a form, of a file or of an API key."""
    ip: str = ""


class ConsentStateRow(SQLModel, table=True):
    """The last word of a contact on a topic. No row: never agreed."""

    __tablename__ = "consent_states"

    contact_id: int = _big(primary_key=True, default=None)
    topic: str = Field(primary_key=True)
    agreed: bool
    at: int = _big()


class SuppressionRow(SQLModel, table=True):
    """An address that is never mailed again, kept as a keyed hash so that it outlives the contact."""

    __tablename__ = "suppressions"

    address_hash: str = Field(primary_key=True)
    reason: str
    at: int = _big()


class SignUpRow(SQLModel, table=True):
    """Somebody who asked for something and has not confirmed it yet (double opt-in). The row is gone when they did, or
    when it ran out."""

    __tablename__ = "sign_ups"
    __table_args__ = (
        Index("sign_ups_by_contact", "contact_id"),
        Index("sign_ups_by_time", "due_at"),
        Index(
            "sign_ups_by_mover",
            "moves_id",
            sqlite_where=text("moves_id > 0"),
            postgresql_where=text("moves_id > 0"),
        ),
    )

    id: int = _big(primary_key=True, default=None)
    contact_id: int = _big()
    """Whose address has to confirm."""
    kind: str = "topics"
    """topics: to agree to `topics`; address: contact `moves_id` takes this contact's address; moved: this contact bears
    the address that `moves_id` had, until the notice of the change has gone there."""
    fresh: bool = False
    """The contact is here because of this alone: nothing but the confirmation is mailed to them, and without it they
    are forgotten again."""
    moves_id: int = _big()
    was_suppressed: str = ""
    """Why the address was not to be mailed before they asked; it is not again where they do not confirm."""
    form: str = ""
    topics: str = "[]"
    wording: str = ""
    source: str = ""
    ip: str = ""
    asked_at: int = _big()
    reminded_at: int = _big()
    due_at: int = _big()
    """When to remind, then when it runs out."""
    expires_at: int = _big()


class QuietRow(SQLModel, table=True):
    """Marketing to a contact waits until then."""

    __tablename__ = "quiet"

    contact_id: int = _big(primary_key=True, default=None)
    why: str = Field(primary_key=True)
    """pause: they asked for it; reply: they wrote to us and wait for an answer."""
    until: int = _big()


# ------------------------------------------------------------------ goods


class LineRow(SQLModel, table=True):
    """A product line. Numbered from 1; 0 stands for the business."""

    __tablename__ = "lines"

    id: int = _big(primary_key=True, default=None)
    name: str = Field(unique=True)


class ProductRow(SQLModel, table=True):
    """Something that can be bought."""

    __tablename__ = "products"
    __table_args__ = (Index("products_by_line", "line_id"),)

    id: int = _big(primary_key=True, default=None)
    sku: str = Field(unique=True)
    name: str = ""
    line_id: int = _big()
    category: str = ""
    price: int = _big()
    """In minor units; 0: not known."""
    url: str = ""
    image_url: str = ""
    in_stock: bool = True


class OrderRow(SQLModel, table=True):
    """One order. Its amount is the sum of its lines."""

    __tablename__ = "orders"
    __table_args__ = (
        Index("orders_by_contact", "contact_id", "ordered_at"),
        Index("orders_by_time", "ordered_at"),
        Index(
            "orders_undone",
            "contact_id",
            "undone_at",
            sqlite_where=text("undone_at > 0"),
            postgresql_where=text("undone_at > 0"),
        ),
    )

    id: int = _big(primary_key=True, default=None)
    order_id: str = Field(unique=True)
    contact_id: int = _big()
    ordered_at: int = _big()
    amount: int = _big()
    code: str = ""
    status: str = "paid"
    undone_at: int = _big()
    """When it was refunded or cancelled; 0: it stands."""


class OrderLineRow(SQLModel, table=True):
    """One product of an order. Contact, line and time are repeated so that one index answers for one person."""

    __tablename__ = "order_lines"
    __table_args__ = (
        Index("order_lines_by_contact", "contact_id", "line_id", "ordered_at", "order_id", "amount"),
    )

    order_id: int = _big(primary_key=True, default=None)
    product_id: int = _big(primary_key=True, default=None)
    contact_id: int = _big()
    line_id: int = _big()
    ordered_at: int = _big()
    quantity: float = 1.0
    amount: int = _big()


class ProductPairRow(SQLModel, table=True):
    """A product that goes with another: the best of them for each, counted at night."""

    __tablename__ = "product_pairs"

    product_id: int = _big(primary_key=True, default=None)
    other_id: int = _big(primary_key=True, default=None)
    held: int = _big()
    """How many orders, or people, had both."""
    by_people: bool = False
    """`held` and `lift` are counted over people, not orders."""
    lift: float = 0.0
    """How much oftener they are had together than chance would have it."""
    strength: float = 0.0
    """The lift that is sure, however few had both: what pairs are ranked by."""


class ProductCountRow(SQLModel, table=True):
    """How many orders held the product, and what was paid for one, in minor units. Counted at night."""

    __tablename__ = "product_counts"

    product_id: int = _big(primary_key=True, default=None)
    orders: int = _big()
    paid: int = _big()
    place: int = _big()
    """Among all products, by `orders`, from 1."""
    place_on_line: int = _big()


class ProductStepRow(SQLModel, table=True):
    """The next larger or better of a product: of its line and category, and dearer. Worked out at night."""

    __tablename__ = "product_steps"

    product_id: int = _big(primary_key=True, default=None)
    other_id: int = _big(primary_key=True, default=None)
    place: int = _small()
    """The best seller first, from 1."""
    ratio: float = 0.0
    """Its price divided by the product's."""


class DueAgainRow(SQLModel, table=True):
    """When a contact will want to buy a product again. Laid ahead for some days; the row goes when that comes."""

    __tablename__ = "due_again"
    __table_args__ = (Index("due_again_by_time", "due_at"),)

    contact_id: int = _big(primary_key=True, default=None)
    product_id: int = _big(primary_key=True, default=None)
    last_at: int = _big()
    due_at: int = _big()
    gap_days: float = 0.0
    own: bool = False
    """Whether it is the contact's own gap; else that of all who buy it again."""


# ------------------------------------------------------------------ happenings


class EventRow(SQLModel, table=True):
    """Something that a contact did, other than ordering and touching a message. Partitioned by month on PostgreSQL."""

    __tablename__ = "events"
    __table_args__ = (
        Index("events_by_contact", "contact_id", "name", "at"),
        Index(
            "events_answered",
            "at",
            sqlite_where=text("name = 'answered'"),
            postgresql_where=text("name = 'answered'"),
        ),
    )

    at: int = _big(primary_key=True, default=None)
    id: int = _big(primary_key=True, default=None)
    contact_id: int = _big()
    name: str
    properties: str = "{}"


class SeenRow(SQLModel, table=True):
    """Keys of what came in already, so that the same again is harmless. Kept 90 days."""

    __tablename__ = "seen"
    __table_args__ = (Index("seen_by_time", "at"),)

    source: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    at: int = _big()


# ------------------------------------------------------------------ lifecycle


class AgendaRow(SQLModel, table=True):
    """A contact (line 0) or a contact's line whose stage is to be looked at again at `due_at`. No row: never."""

    __tablename__ = "agenda"
    __table_args__ = (Index("agenda_by_time", "due_at"),)

    contact_id: int = _big(primary_key=True, default=None)
    line_id: int = _big(primary_key=True, default=None)
    due_at: int = _big()


class StageRow(SQLModel, table=True):
    """Where a contact stands. Sparse: no row means the first stage."""

    __tablename__ = "stages"
    __table_args__ = (Index("stages_by_stage", "stage", "line_id"),)

    contact_id: int = _big(primary_key=True, default=None)
    line_id: int = _big(primary_key=True, default=None)
    stage: str
    since: int = _big()


class TransitionRow(SQLModel, table=True):
    """One change of stage. `superseded_at` is set where a fact that came in late rewrote it; 0: it stands."""

    __tablename__ = "transitions"
    __table_args__ = (
        Index("transitions_by_contact", "contact_id", "line_id", "at"),
        Index("transitions_by_time", "line_id", "at"),
    )

    id: int = _big(primary_key=True, default=None)
    contact_id: int = _big()
    line_id: int = _big()
    from_stage: str
    to_stage: str
    at: int = _big()
    rule: str = ""
    cause: str = "{}"
    superseded_at: int = _big()


class OrderFactsRow(SQLModel, table=True):
    """What was bought, summed: line 0 for the business. Written when the contact is reviewed."""

    __tablename__ = "order_facts"

    contact_id: int = _big(primary_key=True, default=None)
    line_id: int = _big(primary_key=True, default=None)
    count: int = _big()
    total: int = _big()
    first_at: int = _big()
    last_at: int = _big()
    usual_gap_days: float = 0.0


# ------------------------------------------------------------------ campaigns


class VersionRow(SQLModel, table=True):
    """One apply: the files as they were (a JSON map of path to text), the hashes of the compiled templates, and the
    numbers that the steps of each campaign bear in it (JSON)."""

    __tablename__ = "versions"

    no: int = _big(primary_key=True, default=None)
    applied_at: int = _big()
    files: str
    templates: str = "[]"
    steps: str = "{}"


class CampaignRow(SQLModel, table=True):
    """A campaign that was ever applied. Messages wanted from `skip_from` to `skip_to`, while it was paused, are left
    out."""

    __tablename__ = "campaigns"

    id: int = _big(primary_key=True, default=None)
    key: str = Field(unique=True)
    name: str = ""
    first_applied_at: int = _big()
    active: bool = True
    paused_at: int = _big()
    """0: it is not."""
    skip_from: int = _big()
    skip_to: int = _big()


class CampaignStepRow(SQLModel, table=True):
    """A step of a campaign. Its number is never given to another one; `step_id` is what it was called last."""

    __tablename__ = "campaign_steps"

    campaign_id: int = _big(primary_key=True, default=None)
    no: int = _big(primary_key=True, default=None)
    step_id: str


class OccasionRow(SQLModel, table=True):
    """When a campaign that many enter together lets people in next: where it is that time of day then."""

    __tablename__ = "occasions"
    __table_args__ = (Index("occasions_by_time", "due_at"),)

    campaign_id: int = _big(primary_key=True, default=None)
    due_at: int = _big()
    reached: int = _big()
    """The last contact that was looked at on this occasion; 0: none yet."""


class WinnerRow(SQLModel, table=True):
    """The variant of a step that has won: for all who come, or on one occasion of a campaign that many enter."""

    __tablename__ = "winners"

    campaign_id: int = _big(primary_key=True, default=None)
    step_no: int = _big(primary_key=True, default=None)
    round: str = Field(primary_key=True)
    """The entry key of the occasion; empty: for all who come."""
    template: str
    variants: str = "[]"
    """The messages that it was chosen from, as JSON: where an edit made it others, it counts no more."""
    at: int = _big()
    """When its test was over."""
    final: bool = True
    """False: the best when the first could not wait longer, after too few messages; later ones are tested again."""
    why: str = ""
    """What it was judged by, in words: sent and counted of each variant."""


class TemplateRow(SQLModel, table=True):
    """A compiled template, by the hash of all that went into it: enough to render it without any file."""

    __tablename__ = "templates"

    hash: str = Field(primary_key=True)
    name: str
    compiled: str
    """JSON; see messages/compiled.py."""


# ------------------------------------------------------------------ journeys


class EnrollmentRow(SQLModel, table=True):
    """One entry of a contact into a campaign."""

    __tablename__ = "enrollments"
    __table_args__ = (
        UniqueConstraint(
            "campaign_id", "contact_id", "line_id", "entry_key", name="enrollments_once_per_entry"
        ),
        Index(
            "enrollments_one_open",
            "campaign_id",
            "contact_id",
            "line_id",
            "slot",
            unique=True,
            sqlite_where=text("closed_at = 0"),
            postgresql_where=text("closed_at = 0"),
        ),
        Index(
            "enrollments_due",
            "due_at",
            "id",
            sqlite_where=text("closed_at = 0"),
            postgresql_where=text("closed_at = 0"),
        ),
        Index("enrollments_by_contact", "contact_id"),
    )

    id: int = _big(primary_key=True, default=None)
    campaign_id: int = _big()
    contact_id: int = _big()
    line_id: int = _big()
    entry_key: str
    """What let them in: a transition, an event."""
    entered_at: int = _big()
    event: str = "{}"
    """The event that started it (name, at, properties), as JSON."""
    slot: str = ""
    """Where a campaign may be entered more than once at a time (`reentry: per`): for which value."""
    version: int = _big()
    """The version they entered with."""
    step_no: int = _big()
    """Where they stand."""
    behind: bool = False
    """The message of that step is planned or done: they go on behind it."""
    since: int = _big()
    """When the step before was done."""
    due_at: int = _big()
    """When to decide next; NEVER while a message is under way."""
    goal_at: int = _big()
    """When the goal was reached; 0: not."""
    closed_at: int = _big()
    reason: str = ""
    saw: str = "{}"
    """The facts behind `reason`, as JSON."""
    held_out: bool = False
    """Gets nothing, to show what would have happened anyway."""


class MessageRow(SQLModel, table=True):
    """One message, for ever. Partitioned by range of enrollment_id on PostgreSQL.

    While `outcome` is "" it is open and its outbox row tells its state.
    """

    __tablename__ = "messages"
    __table_args__ = (
        Index("messages_by_contact", "contact_id", "done_at"),
        Index("messages_by_campaign", "campaign_id", "done_at"),
        Index("messages_by_time", "done_at"),
        Index(
            "messages_unknown",
            "done_at",
            sqlite_where=text("outcome = 'unknown'"),
            postgresql_where=text("outcome = 'unknown'"),
        ),
    )

    enrollment_id: int = _big(primary_key=True, default=None)
    step_no: int = _big(primary_key=True, default=None)
    contact_id: int = _big()
    campaign_id: int = _big()
    line_id: int = _big()
    template: str
    template_hash: str = ""
    """Of the compiled template it was rendered with; empty until then."""
    offer: str = ""
    stage: str = ""
    """The contact's stage when it was planned."""
    urgent: bool = False
    """Outside of the cap: not held by it, and not counted."""
    planned_at: int = _big()
    done_at: int = _big()
    """When the outcome became known; for a sent message the handover."""
    outcome: str = ""
    """sent, bounced, refused, expired, unknown or skipped; empty while open."""
    reason: str = ""
    """For every message that was not sent: why. For a sent one: the reply."""
    saw: str = "{}"
    """The facts behind `reason`, where a gate dropped it, as JSON."""


class OutboxRow(SQLModel, table=True):
    """A message on its way: planned, claimed, handed, deferred or accepted. The row is gone when it is done."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index(
            "outbox_due",
            "lane",
            "priority",
            "campaign_id",
            "due_at",
            sqlite_where=text("state IN (0, 3)"),
            postgresql_where=text("state IN (0, 3)"),
        ),
        Index(
            "outbox_by_sender",
            "sender",
            sqlite_where=text("sender <> 0"),
            postgresql_where=text("sender <> 0"),
        ),
        Index("outbox_by_contact", "contact_id"),
        Index(
            "outbox_one_in_hand",
            "contact_id",
            unique=True,
            sqlite_where=text("state IN (1, 2, 4)"),
            postgresql_where=text("state IN (1, 2, 4)"),
        ),
    )

    enrollment_id: int = _big(primary_key=True, default=None)
    step_no: int = _big(primary_key=True, default=None)
    contact_id: int = _big()
    campaign_id: int = _big()
    lane: str = ""
    """The destination, see `delivery/lanes.py`."""
    priority: int = _small(5)
    """A sort key: 0 for what is urgent, else 10 - the campaign's priority."""
    state: int = _small()
    """0 planned, 1 claimed, 2 handed, 3 deferred, 4 accepted: sent, and not in the books yet."""
    due_at: int = _big()
    """When to try it; once it is handed over, when that was."""
    wanted_at: int = _big()
    """When it should have gone; with `stale_at`, the measure of lateness."""
    stale_at: int = _big()
    sender: int = _big()
    """The incarnation that holds it; 0: nobody."""
    attempts: int = _small()
    first_tried_at: int = _big()
    last_reply: str = ""


class CodeRow(SQLModel, table=True):
    """A code of an offer. A contact holds the one that was issued last; those before it are over."""

    __tablename__ = "codes"
    __table_args__ = (
        Index("codes_once", "canonical", unique=True, sqlite_where=text("own"), postgresql_where=text("own")),
        Index(
            "codes_for_all",
            "canonical",
            "contact_id",
            sqlite_where=text("NOT own"),
            postgresql_where=text("NOT own"),
        ),
        # Without those that are free: where most rows have one value, PostgreSQL takes every other to be as common, and
        # would rather read the whole table. Searches by contact say `contact_id > 0` so that this index applies.
        Index(
            "codes_by_contact",
            "contact_id",
            "offer",
            "issued_at",
            sqlite_where=text("contact_id > 0"),
            postgresql_where=text("contact_id > 0"),
        ),
        Index(
            "codes_free",
            "offer",
            "known_at",
            "id",
            # Spelled so that a search uses this index only where it says the same, and no other then: planners would
            # sort all that is free where a few are wanted, or walk all that is given for the codes of one contact.
            sqlite_where=text("contact_id + 0 = 0"),
            postgresql_where=text("contact_id + 0 = 0"),
        ),
        Index(
            "codes_new",
            "offer",
            "id",
            sqlite_where=text("own AND known_at = 0"),
            postgresql_where=text("own AND known_at = 0"),
        ),
        Index(
            "codes_given",
            "offer",
            "id",
            sqlite_where=text("contact_id + 0 <> 0"),
            postgresql_where=text("contact_id + 0 <> 0"),
        ),
    )

    id: int = _big(primary_key=True, default=None)
    offer: str
    code: str
    """As it is written for people."""
    canonical: str
    """Capitals and digits alone: what `code` is looked up by, however somebody typed it."""
    own: bool
    """Whether the code is of one contact alone; else it is one for all, with a row for each who was given it."""
    contact_id: int = _big()
    """0: free, nobody holds it. -1: whose it was has been erased; nobody gets it again."""
    made_at: int = _big()
    issued_at: int = _big()
    """When the contact was given it; 0: it is free."""
    handed_at: int = _big()
    """When the first message that carries it was handed over; 0: not yet."""
    expires_at: int = _big()
    """0: it does not, or was not handed over yet."""
    redeemed_at: int = _big()
    """The order that used it first, whoever ordered: from then on it is no good; 0: none did."""
    known_at: int = _big()
    """When the shop was told of it, or told us; 0: it does not know it."""
    stands_for: str = ""
    """The offer that was out, where this one was given instead; empty: it stands for itself."""
    discount: str = ""
    """The offer's discount as it was written when the code was made: what the shop knows it for."""
    for_others: bool = False
    """Whether its contact is to pass it on, as those of a referral: whoever orders with it, redeems it."""


class RedemptionRow(SQLModel, table=True):
    """A code of ours on an order that stands: what it came to. Gone when the order is undone."""

    __tablename__ = "redemptions"
    __table_args__ = (
        Index("redemptions_by_contact", "contact_id"),
        Index("redemptions_by_code", "canonical", "contact_id"),
        Index("redemptions_by_offer", "offer", "at"),
    )

    order_id: int = _big(primary_key=True, default=None)
    canonical: str = Field(primary_key=True)
    code_id: int = _big()
    """0: it is a code for all that was not given to them."""
    offer: str
    contact_id: int = _big()
    """Who ordered."""
    at: int = _big()
    """When."""
    paid: int = _big()
    """What was paid for the order, in minor units."""
    verdict: str
    """See offers/redemption.py."""
    discount: int = _big()
    """What it cost, in minor units."""
    is_known: bool = True
    """Whether `discount` is known: what free delivery cost is not."""


class OfferSumRow(SQLModel, table=True):
    """What the codes of an offer cost so far: the sum over its redemptions, those of the erased too."""

    __tablename__ = "offer_sums"

    offer: str = Field(primary_key=True)
    discount: int = _big()


class OfferDrawRow(SQLModel, table=True):
    """How many codes of an offer with `at most: {codes: …}` are drawn. Whoever issues some locks its row."""

    __tablename__ = "offer_draws"

    offer: str = Field(primary_key=True)
    drawn: int = _big()
    """Never fewer than there are."""
    counted_at: int = _big()
    """When they were counted last."""


class ShownRow(SQLModel, table=True):
    """A product that was recommended in a message, and why."""

    __tablename__ = "shown"

    enrollment_id: int = _big(primary_key=True, default=None)
    step_no: int = _big(primary_key=True, default=None)
    kind: str = Field(default="", primary_key=True)
    """up: the next larger or better; empty: what goes with what they own, or sells best."""
    product_id: int = _big(primary_key=True, default=None)
    place: int = _small()
    """In the order in which the template got them, from 0."""
    seen: bool = True
    """Whether something of it stands in the message; else the template was given it and left it out."""
    because_id: int = _big()
    """The product of theirs that it goes with; 0: none."""
    why: str = ""


class NoticeRow(SQLModel, table=True):
    """One notice to a person or a machine outside: what a step `notify:` asked for, for ever."""

    __tablename__ = "notices"
    __table_args__ = (
        Index(
            "notices_due",
            "due_at",
            sqlite_where=text("state < 2"),
            postgresql_where=text("state < 2"),
        ),
        Index("notices_by_contact", "contact_id"),
    )

    enrollment_id: int = _big(primary_key=True, default=None)
    step_no: int = _big(primary_key=True, default=None)
    contact_id: int = _big()
    """Whom it is about."""
    campaign_id: int = _big()
    target: str
    """An address or an https URL, as the step or the contact's attribute said; never checked before."""
    note: str = ""
    planned_at: int = _big()
    due_at: int = _big()
    """When to try it; once it is handed over, when its answer is given up."""
    state: int = _small()
    """0 planned, 1 handed, 2 done."""
    attempts: int = _small()
    first_tried_at: int = _big()
    outcome: str = ""
    """sent, refused, expired, unknown or skipped; empty while open."""
    last_reply: str = ""
    done_at: int = _big()


# ------------------------------------------------------------------ engagement


class HitRow(SQLModel, table=True):
    """One request for a pixel or a link. Partitioned by month on PostgreSQL."""

    __tablename__ = "hits"
    __table_args__ = (Index("hits_by_message", "enrollment_id", "step_no"),)

    at: int = _big(primary_key=True, default=None)
    id: int = _big(primary_key=True, default=None)
    enrollment_id: int = _big()
    step_no: int = _big()
    contact_id: int = _big()
    kind: str
    link_no: int = _small()
    method: str = "GET"
    agent: str = ""
    ip: str = ""
    extra: str = "{}"
    """Other header fields that tell something of who asked (language, purpose, referer), as JSON."""
    verdict: str = "unknown"
    score: float = 0.0
    """The sum of the signs of a machine."""
    reasons: str = "[]"
    rules: int = _small()
    """The version of the rules that the verdict stands on."""


class SignRow(SQLModel, table=True):
    """The first human open and click of a message: what expressions and reports read."""

    __tablename__ = "signs"
    __table_args__ = (Index("signs_by_contact", "contact_id", "at"),)

    enrollment_id: int = _big(primary_key=True, default=None)
    step_no: int = _big(primary_key=True, default=None)
    kind: str = Field(primary_key=True)
    """received, open, click, unsubscribe, complaint."""
    contact_id: int = _big()
    at: int = _big()


# ------------------------------------------------------------------ coming in


class ArrivalRow(SQLModel, table=True):
    """Something that came in from outside about us or to us: a mail, or an event of a provider or a shop, as it came.

    Kept for a time, so that what was made of it can be looked at and done again.
    """

    __tablename__ = "arrivals"
    __table_args__ = (Index("arrivals_by_time", "at"), Index("arrivals_by_contact", "contact_id", "at"))

    id: int = _big(primary_key=True, default=None)
    at: int = _big()
    source: str
    """smtp, imap, ses, sendgrid, mailgun, postmark, generic, shopify, stripe, woocommerce."""
    kind: str = ""
    """What was made of it: delivered, bounced, complained, unsubscribed, opened, clicked, auto-reply, replied, order,
    event, ignored, unreadable."""
    severity: str = ""
    """Of a bounce: hard, soft or other."""
    contact_id: int = _big()
    """0: nobody we know."""
    enrollment_id: int = _big()
    step_no: int = _big()
    recipient: str = ""
    reason: str = ""
    said: str = ""
    """The text that says so. Hostile."""
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    """As it came, compressed (zlib)."""


class ReplyRow(SQLModel, table=True):
    """A mail that a person wrote to us, and whether somebody answered. Its text is in `arrivals` under the same id."""

    __tablename__ = "replies"
    __table_args__ = (
        Index("replies_by_contact", "contact_id", "at"),
        Index(
            "replies_open",
            "at",
            sqlite_where=text("answered_at = 0"),
            postgresql_where=text("answered_at = 0"),
        ),
    )

    id: int = _big(primary_key=True, default=None)
    contact_id: int = _big()
    at: int = _big()
    enrollment_id: int = _big()
    """With `step_no` the message that was replied to; 0: not known."""
    step_no: int = _big()
    subject: str = ""
    owner: str = ""
    """Whom it is forwarded to, by the notice of the same id; empty: it lies where people read it already."""
    answered_at: int = _big()
    """0: nobody has."""
    answered_by: str = ""
    held_until: int = _big()
    """Marketing waits until then, or until it is answered."""


# ------------------------------------------------------------------ outside


class ApiKeyRow(SQLModel, table=True):
    """A key to the API; only its hash is kept."""

    __tablename__ = "api_keys"

    id: int = _big(primary_key=True, default=None)
    name: str = Field(unique=True)
    hash: str = Field(unique=True)
    """SHA-256 of the key, in hexadecimal: it holds 256 random bits, so a slow hash adds nothing."""
    scopes: str = "[]"
    publishable: bool = False
    """May stand in a web page: it can write events of the browser, and nothing else."""
    created_at: int = _big()
    used_at: int = _big()
    """To the hour."""
    revoked_at: int = _big()


class IdempotentRow(SQLModel, table=True):
    """The answer to a request that bore an Idempotency-Key, to be given again. Kept a day."""

    __tablename__ = "idempotent"
    __table_args__ = (Index("idempotent_by_time", "at"),)

    key_id: int = _big(primary_key=True, default=None)
    key: str = Field(primary_key=True)
    request: str
    """A hash of method, path and body: the same key with another request is a mistake."""
    status: int = _small()
    """0: the first one is still under way."""
    answer: str = ""
    at: int = _big()


class FeedRow(SQLModel, table=True):
    """Something that subscribers (`[[webhooks]]`) are told of. Written only where somebody subscribes to it."""

    __tablename__ = "feed"
    __table_args__ = (Index("feed_by_time", "at"), Index("feed_by_contact", "contact_id"))

    id: int = _big(primary_key=True, default=None)
    at: int = _big()
    kind: str
    """enrolled, sent, bounced, clicked, answered, unsubscribed, goal-reached, stage-changed."""
    contact_id: int = _big()
    told: str = "{}"
    """What of it, as JSON."""


class FeedDeliveryRow(SQLModel, table=True):
    """One entry of the feed on its way to one subscriber, and what came of it."""

    __tablename__ = "feed_deliveries"
    __table_args__ = (
        Index(
            "feed_deliveries_due",
            "subscriber",
            "due_at",
            "feed_id",
            sqlite_where=text("state < 2"),
            postgresql_where=text("state < 2"),
        ),
        Index("feed_deliveries_by_subscriber", "subscriber", "done_at"),
        Index(
            "feed_deliveries_failed",
            "subscriber",
            "done_at",
            sqlite_where=text("state = 2 AND outcome <> 'sent'"),
            postgresql_where=text("state = 2 AND outcome <> 'sent'"),
        ),
    )

    feed_id: int = _big(primary_key=True, default=None)
    subscriber: str = Field(primary_key=True)
    """The name of its [[webhooks]] section."""
    due_at: int = _big()
    state: int = _small()
    """0 planned, 1 handed over, 2 done."""
    attempts: int = _small()
    first_tried_at: int = _big()
    outcome: str = ""
    """sent, refused, expired or skipped; empty while open."""
    last_reply: str = ""
    done_at: int = _big()


class SubscriberRow(SQLModel, table=True):
    """How a subscriber (`[[webhooks]]`) takes what it is told. No row: it never failed."""

    __tablename__ = "subscribers"

    name: str = Field(primary_key=True)
    failures: int = _big()
    """Calls that failed since the last one that did not."""
    failing_since: int = _big()
    """When the first of them failed; 0: none did."""
    paused_until: int = _big()
    told_at: int = _big()
    """When a person was told of it; 0: not yet."""
    gone_at: int = _big()
    """When it said that it wants no more (410); 0: it did not."""
    last_reply: str = ""
    """The last answer that was a failure."""


# ------------------------------------------------------------------ destinations


class DestinationRow(SQLModel, table=True):
    """What holds mail to a destination back, or did; by the key of its limits. No row: nothing ever did."""

    __tablename__ = "destinations"

    key: str = Field(primary_key=True)
    """See `limits_key` in delivery/lanes.py."""
    paused_until: int = _big()
    slow_until: int = _big()
    slow_per_minute: int = _big()
    stopped: str = ""
    """Why nothing goes there until a person says so; empty: it goes."""
    reply: str = ""
    """The answer that led to it."""
    at: int = _big()
    """When that came."""
    resumed_at: int = _big()
    """When a person last said to go on; answers from before then count no more."""


class DestinationDayRow(SQLModel, table=True):
    """How many messages a sender took out of a day's allowance of a destination, while it is warmed up."""

    __tablename__ = "destination_days"

    key: str = Field(primary_key=True)
    day: int = _big(primary_key=True, default=None)
    """Days since 1970-01-01 in UTC."""
    sender: int = _big(primary_key=True, default=None)
    sent: int = _big()


class SoftBounceRow(SQLModel, table=True):
    """How often a contact's mailbox was full or switched off since something last arrived. No row: never."""

    __tablename__ = "soft_bounces"

    contact_id: int = _big(primary_key=True, default=None)
    score: float = 0.0
    at: int = _big()
    """The last one that counted."""


# ------------------------------------------------------------------ machines


class SenderRow(SQLModel, table=True):
    """One incarnation of a process that holds messages: its id is the fencing token."""

    __tablename__ = "senders"

    id: int = _big(primary_key=True, default=None)
    host: str = ""
    pid: int = _big()
    started_at: int = _big()
    heartbeat_at: int = _big()
    ended_at: int = _big()


class MarkRow(SQLModel, table=True):
    """How far a piece of periodic work has come (`pairs counted to`), and what the workspace is."""

    __tablename__ = "marks"

    name: str = Field(primary_key=True)
    value: str


class InboxRow(SQLModel, table=True):
    """A message kept by the provider `inbox`, whole and compressed (zlib)."""

    __tablename__ = "inbox"
    __table_args__ = (Index("inbox_by_time", "at"), Index("inbox_by_recipient", "recipient", "at"))

    enrollment_id: int = _big(primary_key=True, default=None)
    step_no: int = _big(primary_key=True, default=None)
    at: int = _big()
    recipient: str
    subject: str = ""
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class DomainRow(SQLModel, table=True):
    """Where mail for a domain goes, as the domain name system said. A cache: what is not here is looked up."""

    __tablename__ = "domains"
    __table_args__ = (Index("domains_by_time", "looked_up_at"),)

    domain: str = Field(primary_key=True)
    """In lower case, as it stands in addresses."""
    status: str
    """mail; or why there can be none: no such domain, takes no mail."""
    lane: str = ""
    """PROVIDER/SITE, whichever way mail leaves; empty where there can be no mail."""
    hosts: str = "[]"
    """Its mail servers, as JSON: pairs of preference and name."""
    looked_up_at: int = _big()
    expires_at: int = _big()
