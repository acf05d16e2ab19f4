"""The page's own words round a question, in the languages that it is there in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """All that the pages of questions say of themselves."""

    language: str
    title: str
    send: str
    optional: str
    thanks: str
    noted: str
    """In front of the answer that was kept."""
    change: str
    over: str
    over_why: str
    enough: str
    enough_why: str
    choose: str


_ENGLISH = Words(
    language="en",
    title="Your answer",
    send="Send my answer",
    optional="If you like",
    thanks="Thank you.",
    noted="We have noted:",
    change="Change my answer",
    over="This question is over",
    over_why="We have asked differently since. Nothing was kept; you can always answer the message itself.",
    enough="We have your answer",
    enough_why="You have changed it many times, so we keep the one before. To tell us more, answer the message itself.",
    choose="Choose an answer first.",
)
_GERMAN = Words(
    language="de",
    title="Ihre Antwort",
    send="Antwort abschicken",
    optional="Wenn Sie mögen",
    thanks="Vielen Dank.",
    noted="Wir haben notiert:",
    change="Antwort ändern",
    over="Diese Frage ist vorbei",
    over_why="Wir fragen inzwischen anders. Gespeichert wurde nichts; auf die Nachricht selbst können Sie jederzeit "
    "antworten.",
    enough="Ihre Antwort haben wir",
    enough_why="Sie haben sie oft geändert, darum bleibt es bei der letzten. Wenn Sie mehr sagen möchten, "
    "antworten Sie auf die Nachricht selbst.",
    choose="Wählen Sie zuerst eine Antwort.",
)
_FRENCH = Words(
    language="fr",
    title="Votre réponse",
    send="Envoyer ma réponse",
    optional="Si vous le souhaitez",
    thanks="Merci.",
    noted="Nous avons noté :",
    change="Changer ma réponse",
    over="Cette question est close",
    over_why="Nous posons la question autrement désormais. Rien n’a été enregistré ; vous pouvez toujours répondre au "
    "message lui-même.",
    enough="Nous avons votre réponse",
    enough_why="Vous l’avez changée plusieurs fois : nous gardons la dernière. Pour nous en dire plus, répondez au "
    "message lui-même.",
    choose="Choisissez d’abord une réponse.",
)
_SPANISH = Words(
    language="es",
    title="Su respuesta",
    send="Enviar mi respuesta",
    optional="Si lo desea",
    thanks="Gracias.",
    noted="Hemos anotado:",
    change="Cambiar mi respuesta",
    over="Esta pregunta ya no se hace",
    over_why="Ahora preguntamos de otra manera. No se ha guardado nada; siempre puede responder al propio mensaje.",
    enough="Tenemos su respuesta",
    enough_why="La ha cambiado muchas veces, así que se queda la última. Para contarnos más, responda al propio "
    "mensaje.",
    choose="Elija primero una respuesta.",
)

WORDS: Mapping[str, Words] = {it.language: it for it in (_ENGLISH, _GERMAN, _FRENCH, _SPANISH)}
"""By language."""


def words_for(locale: str) -> Words:
    """The words for somebody of this locale; English where there are none in their language."""
    return WORDS.get(locale.replace("_", "-").partition("-")[0].lower(), _ENGLISH)
