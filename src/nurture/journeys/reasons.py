"""Why somebody did not enter, left, or was not sent a message: a word to store, a sentence to read."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Reason(StrEnum):
    """The words as they are stored; they never change."""

    SUPPRESSED = "suppressed"
    """The address is never to be mailed: erased, bounced, complained, or suppressed by hand."""
    NOT_AGREED = "not-agreed"
    """The contact did not agree to the topic, or took it back."""
    PENDING = "pending"
    """They signed up and did not confirm it yet: nothing but the mail that asks them to may go to them."""
    GOAL = "goal"
    """The campaign's goal was reached."""
    EXIT = "exit"
    """The campaign's `exit` came about."""
    STAGE = "stage"
    """The contact is not in the campaign's stages."""
    LINE = "line"
    """The line is not one of the campaign's."""
    LINE_STAGE = "line-stage"
    """The contact is not in the campaign's stages of the line."""
    WHEN = "when"
    """The campaign's `when` does not hold."""
    STEP_WHEN = "step-when"
    """The step's own `when` does not hold."""
    HAS_BOUGHT = "has-bought"
    """An introductory or trial offer, and the contact has bought."""
    OFFER_OUT = "offer-out"
    """No code was left of what it offers."""
    STALE = "stale"
    """The message would have come too late."""
    CAP = "cap"
    """The contact had as much mail as the workspace allows, and the message could not wait any longer."""
    REPLACED = "replaced"
    """Another message of a higher priority took the room that the cap leaves."""
    QUIET = "quiet"
    """The contact asked for a pause from marketing."""
    AWAITS_ANSWER = "awaits-answer"
    """The contact wrote to us, and nobody has answered yet."""
    PAUSED = "paused"
    """It fell due while the campaign was paused, and the resume said to skip it."""
    HOLDOUT = "holdout"
    """The contact is one of those who get nothing, to show what would have happened anyway."""
    WINDOW = "window"
    """The window does not open any more."""
    FINISHED = "finished"
    """The sequence came to its end."""
    CAMPAIGN_GONE = "campaign-gone"
    """The campaign is not in force any more."""
    STEP_GONE = "step-gone"
    """The step they stood at is not in the campaign any more."""


SENTENCES: Mapping[Reason, str] = {
    Reason.SUPPRESSED: "this address is not to be mailed at all",
    Reason.NOT_AGREED: "they did not agree to this topic, or have switched it off",
    Reason.PENDING: "they signed up and have not confirmed it yet",
    Reason.GOAL: "the goal was reached",
    Reason.EXIT: "what the campaign's `exit` waits for came about",
    Reason.STAGE: "they are not in the stage that the campaign is for",
    Reason.LINE: "the campaign is not for this product line",
    Reason.LINE_STAGE: "on this product line they are not in the stage that the campaign is for",
    Reason.WHEN: "the campaign's `when` does not hold for them",
    Reason.STEP_WHEN: "the step's `when` does not hold for them",
    Reason.HAS_BOUGHT: "the offer is for those who have not bought yet, and they have",
    Reason.OFFER_OUT: "no code was left of what it offers",
    Reason.STALE: "it would have come too late",
    Reason.CAP: "they had as much mail as [limits] allows, and it could not wait any longer",
    Reason.REPLACED: "another message of a higher priority took the room that the cap leaves",
    Reason.QUIET: "they asked for a pause",
    Reason.AWAITS_ANSWER: "they wrote and wait for an answer",
    Reason.PAUSED: "it fell due while the campaign was paused",
    Reason.HOLDOUT: "they are in the holdout, which gets nothing",
    Reason.WINDOW: "its window does not open any more",
    Reason.FINISHED: "the sequence came to its end",
    Reason.CAMPAIGN_GONE: "the campaign is not in force any more",
    Reason.STEP_GONE: "the step they stood at is not in the campaign any more",
}


def in_words(reason: str) -> str:
    """The sentence for a stored reason; one that a marketer wrote (`end: REASON`) stands for itself."""
    try:
        return SENTENCES[Reason(reason)]
    except ValueError:
        return reason
