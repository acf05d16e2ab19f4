"""A contact's change of address: asked for in the preference centre, confirmed from the new mailbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from nurture.audience.contact import Scalar
from nurture.clock import DAY, Moment, Span
from nurture.runner.direct import DirectGiven, plan_direct
from nurture.runner.sign_ups import CONFIRM_ADDRESS, Asked, Desk, may_be_asked
from nurture.store import bulk, erase, newcomers, people, sign_ups, suppressions
from nurture.store.engine import Tx
from nurture.store.sign_ups import ADDRESS, MOVED, SignUp

CHANGED = "address-changed"
"""The template that goes to the address before."""

EXPIRES: Span = 7 * DAY
KEPT: Span = 7 * DAY
"""How long the address before is kept: the notice of the change goes there, and from there it can be taken back."""
MOST = 3
"""Changes that one contact may have open at a time: their page is no way to write to strangers."""


NEEDS = frozenset({CONFIRM_ADDRESS, CHANGED})
"""The messages without which no address can be changed."""


def ask_to_move(tx: Tx, desk: Desk, contact_id: int, asked: Asked, now: Moment) -> None:
    """Ask the new address whether it is theirs. Nothing happens where it is somebody else's, or is never mailed."""
    bulk.alone(tx)
    mover = people.by_ids(tx, [contact_id]).get(contact_id)
    if mover is None or mover.email == asked.email:
        return
    if suppressions.suppressed(tx, desk.address_key, [asked.email]):
        return
    open_now = [it for it in sign_ups.of_mover(tx, contact_id) if it.kind == ADDRESS]
    there = people.ids_by_email(tx, [asked.email]).get(asked.email)
    same = next((it for it in open_now if it.contact_id == there), None)
    if same is None and len(open_now) >= MOST:
        return
    if there is not None:
        if there not in sign_ups.alone(tx, [there]) or not may_be_asked(tx, desk, there, now):
            return
    else:
        there = desk.ids.take(1, now)[0]
        newcomers.meet(tx, replace(mover, id=there, email=asked.email, created_at=now))
    sign_up = SignUp(
        id=same.id if same else desk.ids.take(1, now)[0],
        contact_id=there,
        kind=ADDRESS,
        fresh=True,
        moves_id=contact_id,
        source=asked.source,
        ip=asked.ip,
        asked_at=now,
        due_at=now + EXPIRES,
        expires_at=now + EXPIRES,
    )
    sign_ups.keep(tx, sign_up)
    _mail(tx, desk, there, CONFIRM_ADDRESS, f"{ADDRESS} {sign_up.id} {now}", {"days": 7}, now)


def move(tx: Tx, desk: Desk, it: SignUp, now: Moment) -> bool:
    """Let the contact take the address that has just confirmed; False: it is somebody else's by now, or they are gone.

    Another contact bears the address before for some days, so that the notice of the change can go there.
    """
    bulk.alone(tx)
    found = people.by_ids(tx, {it.contact_id, it.moves_id})
    mover, newcomer = found.get(it.moves_id), found.get(it.contact_id)
    free = sign_ups.alone(tx, [it.contact_id])
    sign_ups.remove(tx, [it.id])
    if newcomer is None or it.contact_id not in free:
        return False
    if mover is None:
        erase.forget(tx, [it.contact_id])
        return False
    newcomers.swap_addresses(tx, mover, newcomer, now)
    sign_ups.remove(tx, [one.id for one in sign_ups.of_contact(tx, newcomer.id)])
    left = SignUp(
        id=desk.ids.take(1, now)[0],
        contact_id=newcomer.id,
        kind=MOVED,
        fresh=True,
        moves_id=mover.id,
        asked_at=now,
        due_at=now + KEPT,
        expires_at=now + KEPT,
    )
    sign_ups.keep(tx, left)
    _mail(tx, desk, newcomer.id, CHANGED, f"{MOVED} {left.id}", {"days": KEPT // DAY}, now)
    return True


def move_back(tx: Tx, desk: Desk, it: SignUp, now: Moment) -> bool:
    """Take a change back from the mailbox of the address before: whoever has a message that was passed on can ask for
    another address, and it must not stay with them. False: that address is somebody's own by now.
    """
    bulk.alone(tx)
    found = people.by_ids(tx, {it.contact_id, it.moves_id})
    mover, before = found.get(it.moves_id), found.get(it.contact_id)
    if mover is None or before is None or it.contact_id not in sign_ups.alone(tx, [it.contact_id]):
        return False
    newcomers.swap_addresses(tx, mover, before, now)
    # What was asked for since goes with it: else the change could be made again by a message that went elsewhere.
    since = [
        one for one in sign_ups.of_mover(tx, mover.id) if one.asked_at >= it.asked_at and one.id != it.id
    ]
    alone = sign_ups.alone(tx, [one.contact_id for one in since])
    gone = {one for one in alone if len(sign_ups.of_contact(tx, one)) == 1}
    sign_ups.remove(tx, [it.id, *(one.id for one in since)])
    erase.forget(tx, sorted(gone | {before.id}))
    return True


def _mail(
    tx: Tx,
    desk: Desk,
    contact_id: int,
    template: str,
    key: str,
    properties: Mapping[str, Scalar],
    now: Moment,
) -> None:
    given = DirectGiven(contact_id=contact_id, template=template, key=key, properties=properties)
    plan_direct(tx, desk.ids, desk.world, [given], now)
