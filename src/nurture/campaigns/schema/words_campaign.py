"""What is said about the keys of a campaign file, its steps excepted."""

from __future__ import annotations

from collections.abc import Mapping

from nurture.campaigns.schema.word import Word, word

MESSAGE: Mapping[str, Word] = {
    "from": word(
        "Who its messages come from. Left out: the sender of nurture.toml.",
        "Ann of Corner Shop <ann@shop.example>",
    ),
    "reply_to": word("Where answers go. Left out: the reply_to of nurture.toml.", "help@shop.example"),
    "offer": word(
        "What its messages offer: the name of an offer in offers.yaml. Who gets several messages with one offer keeps "
        "one code.",
        "first-order-15",
    ),
    "window": word(
        "On which days and at which hours a message may arrive, in the contact's time. Outside of it, it waits for "
        "the next opening. `any time` lets everything through. Left out: the window of nurture.toml.",
        "mon-fri 09:00-17:00",
        "mon-fri 09:00-17:00 no holidays",
        "any time",
    ),
    "urgent": word(
        "Sends at once: outside of the window, and whatever the cap says. For what people wait for, such as a "
        "receipt.",
        "yes",
    ),
    "on_cap": word(
        "What a message does when the contact has had all that the cap of nurture.toml allows: `wait` until there is "
        "room, `skip`, or `replace`, where the one with the lower priority goes.",
        "skip",
    ),
    "stale_after": word(
        "How late a message may still be sent. Later than that it is skipped. 7 days unless you say otherwise.",
        "2 days",
    ),
}
"""What holds for all messages of a campaign, and what a single `send` may say otherwise."""

CAMPAIGN: Mapping[str, Mapping[str, Word]] = {
    "CampaignShape": {
        **MESSAGE,
        "name": word(
            "What people call it. The campaign itself is known by its file's name.", "Introductory offer"
        ),
        "stage": word(
            "Who it is for: a stage of lifecycle.yaml, or several. `prospect` stands for every prospect/… stage. "
            "Left out: everybody. Who is not at such a stage any more leaves.",
            "prospect",
            "[customer, client]",
        ),
        "topic": word(
            "What people agree to, and can switch off: one of [topics] in nurture.toml. Who has not agreed to it "
            "does not enter.",
            "offers",
        ),
        "enter": word(
            "When people enter. Left out: on coming into one of the stages.",
            "{on: signed_up}",
        ),
        "when": word(
            "Narrows who it is for: a condition over facts, looked at on entering and again before each message.",
            'contact.country in ["DE", "AT"]',
            "orders.count >= 1",
        ),
        "goal": word(
            "What you hope for: an event, counted from entering, or a condition. Who reaches it leaves; reports "
            "count them.",
            "{on: ordered, within: 30 days}",
            "orders.count >= 3",
        ),
        "on_goal": word(
            "What happens to who reaches the goal: `exit` leaves, `finish` hears the rest.", "finish"
        ),
        "exit": word(
            "What ends it for a contact: an event since entering, a condition, or a list of both.",
            "{on: refunded}",
            "orders.count >= 3",
        ),
        "on_leaving": word(
            "What happens to who does not fit `stage` and `when` any more: `exit` leaves, `finish` hears the rest.",
            "finish",
        ),
        "lines": word(
            "Runs it for each product line, or for those that are named: for who is at `line stage` of that line, one "
            "line at a time, best match first.",
            "each",
            "[FLORAL, SEAFOOD]",
        ),
        "line_stage": word(
            "With `lines:`, at which stage of the line people are. `prospect` by itself.", "prospect"
        ),
        "holdout": word(
            "This share enters and gets nothing. It shows what would have happened anyway.", "10%"
        ),
        "reentry": word(
            "Whether who was in it may come in again: `never`, `always`, so long after leaving, or once for each value "
            "of a property. Left out: `never` where a stage lets people in, else `always`.",
            "{after: 90 days}",
            "always",
            "never",
        ),
        "priority": word(
            "When the cap lets only one message through, 9 goes before 1. 5 unless you say otherwise.", "7"
        ),
        "timezone": word(
            "Whose clock its times are read by: the contact's, or the workspace's for everybody.", "workspace"
        ),
        "on_edit": word(
            "What people under way do after an edit: `follow` the new version from where they are, or finish the one "
            "they entered with (`pin`).",
            "pin",
        ),
        "moved": word(
            "Where people go who stand on a step that an edit took out: the old step, and the one to go on with, or "
            "`end`.",
            "{welcome-again: first-order}",
        ),
        "sequence": word(
            "The steps, one after the other, each with a - before it.",
            "\n  - send: welcome\n  - wait: 3 days\n  - send: how-it-works",
        ),
    },
    "EnterShape": {
        "on": word("Each time this event arrives.", "signed_up"),
        "at": word(
            "Everybody who fits, together, at a moment. With a date of the contact's own: each on their day.",
            "2026-12-01 09:00",
            "60 days before contact.renews_at",
        ),
        "every": word(
            "Again and again, everybody who fits then. With a date of the contact's own: each year on that day.",
            "first tuesday 10:00",
            "day 09:00",
            "contact.birthday",
        ),
        "existing": word("Those who are at the stage already enter, too.", "yes"),
    },
    "ReentryShape": {
        "after": word("So long after leaving.", "90 days"),
        "per": word("Once for each value of this property of the event.", "order_id"),
    },
    "EventShape": {
        "on": word(
            "The event. nurture itself records ordered, refunded, subscribed and unsubscribed.", "ordered"
        ),
    },
    "GoalShape": {"within": word("Up to so long after entering.", "30 days")},
}
