"""What no offer shows by itself: circles, stand-ins for other people, files and words that two of them use."""

from __future__ import annotations

from collections.abc import Mapping

from nurture.campaigns.known import Known
from nurture.campaigns.source import Source
from nurture.campaigns.wording import Complaint
from nurture.journeys.spelling import near, quoted
from nurture.offers.codes import canonical
from nurture.offers.discount import Amount
from nurture.offers.offer import FOR_PROSPECTS, ForAll, Offer, Pool


def check_whole(
    source: Source,
    offers: Mapping[str, Offer],
    followers: Mapping[str, str],
    names: frozenset[str],
    known: Known,
) -> frozenset[str]:
    """Complain of what is wrong between offers; gives those that stand in a circle.

    `followers` says for each offer which one is made when it is out; `names` are all, unreadable ones too.
    """
    circles = _check_followers(source, offers, followers, names)
    for key, offer in offers.items():
        _check_money(source, key, offer, known)
        _check_file(source, key, offer, known)
    _check_shared(source, offers)
    return circles


def _check_followers(
    source: Source, offers: Mapping[str, Offer], followers: Mapping[str, str], names: frozenset[str]
) -> frozenset[str]:
    circles: set[str] = set()
    for key, other in followers.items():
        place = (key, "when_out")
        if other not in names:
            hint = near(other, {"hold", "skip", *names}) or "write hold, skip or the name of another offer"
            source.complain(Complaint("unknown-offer", f"no offer is called {quoted(other)}", hint), place)
            continue
        chain = _chain(key, followers)
        if key in chain[1:]:
            circles.add(key)
            round_ = " → ".join(chain[: chain.index(key, 1) + 1])
            message = f"this goes round in a circle: {round_}"
            source.complain(Complaint("circle-of-offers", message, "end it with hold or skip"), place)
        elif _is_for_others(offers.get(key), offers.get(other)):
            kind = offers[other].kind
            message = f"{quoted(other)} is {kind}, and {quoted(key)} is for people who have bought, too"
            hint = "name an offer for the same people, or write hold or skip"
            source.complain(Complaint("instead-for-others", message, hint), place)
    return frozenset(circles)


def _chain(key: str, followers: Mapping[str, str]) -> list[str]:
    """The offer and those made instead, up to the first that is there twice."""
    chain = [key]
    while (after := followers.get(chain[-1])) is not None:
        chain.append(after)
        if after in chain[:-1]:
            break
    return chain


def _is_for_others(offer: Offer | None, other: Offer | None) -> bool:
    """Whether who may get the one would never be sent the other."""
    return bool(offer and other and other.kind in FOR_PROSPECTS and offer.kind not in FOR_PROSPECTS)


def _check_money(source: Source, key: str, offer: Offer, known: Known) -> None:
    limit, own = offer.most_discount, known.currency
    place = (key, "at_most", "discount")
    if isinstance(offer.worth, Amount) and own not in ("", offer.worth.currency):
        _complain_of_currency(source, (key, "discount"), "discount", offer.worth, own)
    elif isinstance(offer.worth, Amount) and limit and offer.worth.currency != limit.currency:
        message = f"the discount is in {offer.worth.currency}, and its limit in {limit.currency}"
        source.complain(Complaint("conflict", message, "write both in one currency"), place)
        return
    if limit and own not in ("", limit.currency):
        _complain_of_currency(source, place, "limit", limit, own)


def _complain_of_currency(
    source: Source, place: tuple[str, ...], what: str, amount: Amount, own: str
) -> None:
    message = f"the {what} is in {amount.currency}, and this workspace keeps its amounts in {own}"
    hint = f"write it in {own}; `currency` in nurture.toml says which it is"
    source.complain(Complaint("other-currency", message, hint), place)


def _check_file(source: Source, key: str, offer: Offer, known: Known) -> None:
    if known.pools is None or not isinstance(offer.codes, Pool) or offer.codes.file in known.pools:
        return
    file = offer.codes.file
    hint = near(file, known.pools) or "put it there: a column `code`, a line for each code"
    source.complain(
        Complaint("unknown-pool", f"there is no file campaigns/{file}", hint), (key, "code", "from")
    )


def _check_shared(source: Source, offers: Mapping[str, Offer]) -> None:
    """A code says which offer it is of."""
    files: dict[str, str] = {}
    words: dict[str, str] = {}
    for key, offer in offers.items():
        match offer.codes:
            case Pool(file=file):
                first = files.setdefault(file, key)
                if first != key:
                    message = f"{quoted(first)} takes its codes from this file already"
                    source.complain(
                        Complaint("conflict", message, "give each offer a file of its own"),
                        (key, "code", "from"),
                    )
            case ForAll(word=word):
                first = words.setdefault(canonical(word), key)
                if first != key:
                    message = f"{quoted(first)} has this code already, so nobody can tell them apart"
                    source.complain(
                        Complaint("code-twice", message, "take another word"), (key, "code"), "warning"
                    )
            case _:
                pass
