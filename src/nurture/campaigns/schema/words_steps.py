"""What is said about the keys of a campaign's steps."""

from __future__ import annotations

from collections.abc import Mapping

from nurture.campaigns.schema.word import Word, word
from nurture.campaigns.schema.words_campaign import MESSAGE

_WAYS: Mapping[str, Word] = {
    "then": word(
        "The steps for those who go this way. Both ways join again behind it.", "\n  - send: how-it-works"
    ),
    "else": word("The steps for all others. It may be left out.", "\n  - send: what-we-do"),
}

STEPS: Mapping[str, Mapping[str, Word]] = {
    "StepKind": {
        "id": word(
            "A name of its own. A `send` has that of its template, and needs one only to send it twice.",
            "ask-again",
        ),
        "when": word("Skips the step for those for whom this condition does not hold.", "orders.count == 0"),
    },
    "SendStep": {
        **MESSAGE,
        "send": word(
            "Sends a message: the name of its file in templates/email/, without the ending.", "welcome"
        ),
        "subject": word("Its subject, in place of the template's.", "Your first basket"),
        "preview": word(
            "What the inbox shows beside the subject, in place of the template's.",
            "A code of your own, inside.",
        ),
        "variants": word(
            "Templates to try against each other. Who gets which is left to chance, and stays the same for a contact.",
            "[first-order, first-order-named]",
        ),
        "winner": word("What decides which variant is the best: `clicks` or `conversions`.", "clicks"),
        "test": word(
            "Where everybody is mailed at once: this share gets the variants, and the others wait for the winner.",
            "20%",
        ),
        "decide_after": word("With `test:`, how long to wait before the winner is named.", "4 hours"),
    },
    "WaitStep": {
        "wait": word(
            "Waits for minutes, hours, days or weeks, counted from when the step before was done; the first step's "
            "from entering.",
            "3 days",
            "12 hours",
            "2 weeks",
        ),
    },
    "WaitUntilStep": {
        "wait_until": word(
            "Waits for a moment: a weekday and time, a date, a date fact, or so long before or after one. One that has "
            "passed does not wait.",
            "tuesday 10:00",
            "2026-11-11 09:00",
            "2 days before offer.expires_at",
        ),
    },
    "WaitForStep": {
        "wait_for": word(
            "Waits until this condition holds, at the latest for `up to:`. It goes on either way: ask with `if:` what "
            "happened.",
            'clicked("welcome")',
        ),
        "up_to": word("How long to wait at most.", "5 days", "12 hours"),
    },
    "BranchStep": {
        **_WAYS,
        "if": word(
            "Parts the way by a condition: `then:` for whom it holds, `else:` for the others.",
            'clicked("welcome")',
        ),
    },
    "SplitStep": {
        **_WAYS,
        "split": word(
            "Parts the way by chance: this share goes `then:`, the others `else:`. A contact goes the same way each "
            "time.",
            "50%",
        ),
    },
    "SetStep": {"set": word("Changes the contact: a tag put on or taken off, a fact set.", "{tag: vip}")},
    "UnsubscribeStep": {
        "unsubscribe": word(
            "Takes a topic away, several, or `all`, as the contact could have done in the preference centre.",
            "newsletter",
            "all",
        ),
    },
    "NotifyStep": {
        "notify": word(
            "Tells a person or a machine who this is, why, and what they did: a fact of the contact that holds an "
            "address, an address, or a signed webhook.",
            "contact.owner_email",
            "sales@shop.example",
            "https://crm.shop.example/hooks/nurture",
        ),
        "note": word("What to say beside it.", "Asked for a quote twice. Please call."),
    },
    "EndStep": {
        "end": word(
            "Leaves the campaign, with a reason that `nurture explain` shows.", "the offer ran out, no order"
        ),
    },
}
