"""What is said about the keys of lifecycle.yaml, offers.yaml, questions.yaml and campaigns/tests/*.yaml."""

from __future__ import annotations

from collections.abc import Mapping

from nurture.campaigns.schema import case_values, values
from nurture.campaigns.schema.word import Word, word

FILES: Mapping[str, Mapping[str, Word]] = {
    "LifecycleShape": {
        "stages": word(
            "The stages, each with its rule. The last rule that holds is the stage; the first has none, because "
            "everyone starts there.",
            "\n  - prospect:\n  - customer: orders.count >= 1",
            wanted={"type": "array", "minItems": 1, "items": values.ONE_STAGE},
        ),
        "segments": word(
            'Conditions with a name, to use in any other as segment("newcomer").',
            "\n  newcomer: days_since(orders.first_at) < 60",
            wanted={
                "type": "object",
                "propertyNames": {"minLength": 1},
                "additionalProperties": values.CONDITION,
            },
        ),
        "lines": word(
            "Keeps a stage for each product line as well: a customer for bread is a prospect for flowers.",
            "product.line",
            wanted={"enum": ["product.line"]},
        ),
        "usual_gap": word(
            "How long between two orders is usual, for those with too few orders to tell. 30 days unless you say "
            "otherwise.",
            "30 days",
        ),
        "stay": word(
            "A stage is kept at least so long, so that nobody flutters between two. An order counts at once.",
            "1 day",
        ),
    },
    "OfferShape": {
        "kind": word(
            "What it is for. Introductory and trial offers are for those who have not bought.", "introductory"
        ),
        "says": word("What it is, in words. The messages show it.", "15% off your first order"),
        "discount": word(
            "What is given: a share, an amount, free delivery, free time, or anything else that is free.",
            "15%",
            "10 USD",
            "free delivery",
            "30 days free",
            "a free bag of coffee",
            wanted=values.TEXT,
        ),
        "code": word(
            "`unique` makes a code for each person; any other word is one code for all. {from: codes.csv} takes them "
            "from a file below campaigns/, {unique: ahead} from those that `nurture codes make` made.",
            "unique",
            wanted=values.CODES,
        ),
        "prefix": word(
            "What the codes begin with. Left out: the first word of the offer's name.",
            "SPRING",
            wanted={"type": ["string", "number"], "pattern": "^[A-Za-z0-9]{1,12}$"},
        ),
        "at_most": word(
            "Up to how many codes are given, and up to how much discount. Then the offer is out.",
            "{codes: 10000, discount: 5000 USD}",
        ),
        "when_out": word(
            "What becomes of a message when no code is left: it waits (hold), it is not sent (skip), or it makes the "
            "offer of this name.",
            "hold",
            wanted=values.TEXT,
        ),
        "expires": word(
            "How long it is good, counted from when the message with it left. Left out: for ever.", "14 days"
        ),
    },
    "QuestionShape": {
        "asks": word("The question, as the message and the page put it.", "How did we do?"),
        "answers": word(
            "The answers to choose from, each under a name: what it says, and a score where it counts.",
            "\n  good: {says: Good, score: 3}\n  poor: {says: Not good, score: 1}",
            wanted=values.ANSWERS,
        ),
        "scale": word(
            "In place of answers: whole numbers from the first to the last, at most 11.",
            "0-10",
            "1-5",
            wanted=values.SCALE,
        ),
        "low": word("What the low end of a scale means.", "Not at all"),
        "high": word("What the high end of a scale means.", "Very likely"),
        "comment": word(
            "What stands above a box for a comment. Left out: there is no box.",
            "Anything you would like to add?",
        ),
        "sets": word(
            "The attribute of the contact that takes the name of the answer, or its score.",
            "contact.satisfaction",
            "{contact.satisfaction: score}",
            wanted=values.SET_BY_ANSWER,
        ),
        "thanks": word("What the page says once the answer is kept.", "Thank you. Every answer is read."),
        "in": word(
            "The same words in other languages, by language.",
            '\n  de: {asks: "Wie war es?", answers: {good: Gut, poor: Nicht gut}}',
            wanted=values.OTHER_LANGUAGES,
        ),
    },
    "AtMostShape": {
        "codes": word("So many codes may be given.", "10000", wanted={"type": "integer", "minimum": 1}),
        "discount": word(
            "No more codes are given once the orders with them have cost so much.",
            "5000 USD",
            wanted=values.TEXT,
        ),
    },
    "CaseShape": {
        "it": word(
            "What it shows, in a sentence that begins with `it`.", "stops offering once they have bought"
        ),
        "given": word("Whom it happens to.", "{contact: {email: ann@example.test}}"),
        "from": word(
            "The beginning of day 1, in the workspace's time unless it says another.",
            "2026-03-02 09:00",
            wanted=case_values.START,
        ),
        "happens": word(
            "What happens, a line a day: an event, what they do with a message, or an order.",
            "\n  - day 1: signed_up\n  - day 2: clicked welcome\n  - day 6: ordered R-12 for 40 EUR",
            wanted=case_values.HAPPENS,
        ),
        "expect": word(
            "What must follow, a line a day, and what must never.",
            "\n  - day 1: send welcome\n  - day 6: stage customer/first-time\n  - never: send first-order-reminder",
            wanted=case_values.EXPECT,
        ),
    },
    "GivenShape": {
        "contact": word(
            "A made-up contact: an address, and any fact by its name.",
            "{email: ann@example.test, timezone: Europe/Berlin}",
            wanted=case_values.CONTACT,
        ),
    },
    "AlwaysShape": {
        "always": word(
            "What holds for every test here, and for every `nurture simulate`.",
            "\n  - no more than 3 messages in 7 days",
            wanted={"type": "array", "minItems": 1, "items": case_values.RULE},
        ),
    },
}
