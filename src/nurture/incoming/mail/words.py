"""What bounces say in words, as the status code that says the same (RFC 3463 section 3)."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """A pattern, sought in any case, and the status it stands for."""

    status: str
    pattern: re.Pattern[str]


def _word(status: str, *patterns: str) -> Word:
    return Word(status, re.compile("|".join(patterns), re.IGNORECASE))


_GAP = r"[^\n]{0,60}?"

WORDS: tuple[Word, ...] = (
    _word(
        "4.4.3",
        r"not found, try again|\b(name service|DNS|name server)\b"
        + _GAP
        + r"\b(try again|temporar|timed out|fail)",
    ),
    _word(
        "5.1.8",
        r"\b(sender|from|return.path|envelope.from|helo)\b[ a-z':<>@.\"-]{0,60}(does(n't| not) exist|not exist|unknown|"
        r"not found|rejected|invalid|could not be verified)",
        r"sender (address|domain|verif)\S* (fail|reject|invalid|unknown|not)",
        r"Absender\w* (unbekannt|existiert nicht|abgelehnt)",
    ),
    _word(
        "5.2.2",
        r"(mail ?box|inbox|mail ?file|maildir|account|user)" + _GAP + r"\b(is |are )?(too )?full\b",
        r"\b(over|above|exceed\w*)" + _GAP + r"\bquota\b|\bover.?quota\b|\bquota violation\b",
        r"\bquota" + _GAP + r"\b(exceeded|full|over)",
        r"exceed\w*" + _GAP + r"\b(storage|mailbox|space|disk) (limit|allocation|allowance|quota|size)",
        r"(out of|insufficient|not enough) (system )?(storage|disk|space)",
        r"(Postfach|Mailbox|Speicherplatz)" + _GAP + r"\b(voll|überschritten|erschöpft)",
        r"bo[iî]te" + _GAP + r"\bpleine|quota" + _GAP + r"dépass",
        r"buz[oó]n" + _GAP + r"\blleno|cuota" + _GAP + r"(excedid|superad)",
        r"casella" + _GAP + r"\bpiena|(limite|spazio)" + _GAP + r"\b(superat|esaurit)",
        r"caixa" + _GAP + r"\bcheia",
        r"postvak" + _GAP + r"\bvol\b",
        r"skrzynka" + _GAP + r"(pełna|przepełniona)",
        r"(ящик|квота)" + _GAP + r"(переполнен|превышена)",
        r"(メールボックス|受信トレイ)[^\n]{0,30}(いっぱい|一杯|容量)|邮箱[^\n]{0,10}已?满|信箱[^\n]{0,10}已滿",
    ),
    _word(
        "5.1.1",
        r"\b(unknown|no such|invalid|nonexistent|non-existent|bad) (local )?(e-?mail |destination )?"
        r"(user|mailbox|recipient|address|account|customer|person|id)\b",
        r"\b(user|mailbox|recipient|address|account|addressee|member|local.part)\b"
        + _GAP
        + r"\b(unknown|not known|invalid|not found|does(n't| not) exist|not exist|could(n't| not) be found|"
        r"can(not|'t) be found|wasn't found|was not found|not listed|not registered|not recognized|is not valid)\b",
        r"\bno (mail ?box|account|user|one)\b" + _GAP + r"\b(here|by that name|with that|exists?)\b",
        r"\bdoes(n't| not) have an?\b" + _GAP + r"\baccount\b",
        r"\b(wasn't|was not|couldn't be|could not be) found at\b",
        r"\bnot (our|a local) (customer|user)|\bnot a (valid|known) (user|mailbox|recipient|address)\b",
        r"\bis not (a )?(known|listed|registered|valid) (\w+ )?(user|recipient|mailbox|address|here|in)\b",
        r"\bnot listed in\b" + _GAP + r"\b(name|address)",
        r"(Empfänger|Benutzer|Adressat|Adresse|Postfach|Mailbox|E-Mail-Adresse|Konto)"
        + _GAP
        + r"(unbekannt|existiert nicht|nicht gefunden|nicht vorhanden|nicht bekannt|ungültig)",
        r"(unbekannter|ungültiger) (Empfänger|Benutzer|Adressat)|konnte nicht gefunden werden",
        r"(utilisateur|destinataire|adresse|compte|bo[iî]te)"
        + _GAP
        + r"(inconnue?|introuvable|n['’]existe pas|n['’]a pas été trouvée?)",
        r"(usuario|destinatario|direcci[oó]n|cuenta|buz[oó]n)"
        + _GAP
        + r"(desconocid[oa]|no existe|inexistente|no se (ha )?(encontr))|no se (ha )?encontr[oó]"
        + _GAP
        + r"(direcci[oó]n|destinatario)",
        r"(utente|destinatario|indirizzo|casella)"
        + _GAP
        + r"(sconosciut[oa]|non esiste|inesistente|non( è stat[oa])? trovat[oa])",
        r"(usu[aá]rio|destinat[aá]rio|endereço|conta)"
        + _GAP
        + r"(desconhecid[oa]|não existe|inexistente|não (foi )?encontrad[oa])",
        r"(gebruiker|ontvanger|adres|postvak)" + _GAP + r"(onbekend|bestaat niet|niet gevonden)",
        r"onbekende (gebruiker|ontvanger)",
        r"(użytkownik|odbiorc\w+|adres|konto|skrzynka)" + _GAP + r"(nieznany|nie istnieje|nie znalezion)",
        r"(användaren?|mottagaren?|adressen)" + _GAP + r"(okänd|finns inte)",
        r"(пользовател\w+|получател\w+|адрес\w*|ящик\w*)" + _GAP + r"(не найден|не существует|неизвест)",
        r"(宛先|アドレス|ユーザー?|受信者)[^\n]{0,30}(見つかりません|存在しません|不明)",
        r"(收件人|用户|地址|邮箱|帐户|账户|收信人|使用者)[^\n]{0,20}(不存在|未知|找不到|无法找到|無法找到)",
        r"(사용자|수신자|주소)[^\n]{0,20}(없습니다|찾을 수 없)",
    ),
    _word(
        "5.1.2",
        r"\b(unknown|no such|invalid|bad) (mail )?(host|domain)\b",
        r"\b(host|domain)(name| name)?\b"
        + _GAP
        + r"\b(unknown|not found|does(n't| not) exist|could(n't| not) be found|invalid)\b",
        r"\bcouldn't find any host\b|\bname or service not known\b|\bNXDOMAIN\b",
        r"\bunroute?able (mail )?(domain|address)\b",
        r"(Domäne|Domain|Rechner)" + _GAP + r"(existiert nicht|nicht gefunden|unbekannt)",
        r"domaine"
        + _GAP
        + r"(inconnu|introuvable|n['’]existe pas)|dominio"
        + _GAP
        + r"(no existe|non esiste|desconocido)",
    ),
    _word(
        "5.2.1",
        r"\b(account|mailbox|user|recipient|address)\b"
        + _GAP
        + r"\b(disabled|deactivated|inactive|suspended|blocked for inactivity|closed|terminated|expired)\b",
        r"\b(disabled|deactivated|inactive|suspended|expired) (user|mailbox|account|recipient)\b",
        r"\bno longer (active|valid|available|in use|accepts? (e-?)?mail)\b",
        r"(Konto|Postfach)" + _GAP + r"(deaktiviert|gesperrt|gelöscht)",
    ),
    _word(
        "5.3.4",
        r"\b(message|mail)\b" + _GAP + r"\b(too (big|large)|exceeds?" + _GAP + r"(size|limit))",
        r"\bmessage size\b" + _GAP + r"\b(exceed|limit)",
        r"(Nachricht|E-Mail) (ist )?zu groß|trop volumineux|demasiado grande|troppo grande",
    ),
    _word(
        "5.7.1",
        r"\bspam\b|\bjunk mail\b|\bblack ?list|\bblock ?list|\bblocked\b|\bDNSBL\b|\bRBL\b|\breputation\b",
        r"\b(policy|prohibited|access denied|not authori[sz]ed|unauthori[sz]ed|not permitted|not allowed|permission)\b",
        r"\b(content|message|mail|virus)\b" + _GAP + r"\b(rejected|refused|filter|unacceptable|infected)\b",
        r"\brelay(ing)?\b" + _GAP + r"\b(denied|not|prohibited|access)\b|\bunable to relay\b",
        r"\b(SPF|DKIM|DMARC)\b",
        r"abgelehnt|abgewiesen|rejeté|rechazad[oa]|rifiutat[oa]|geweigerd",
    ),
    _word(
        "4.4.7",
        r"\bretry time (not reached|"
        + _GAP
        + r"exceeded)|\bin the queue too long\b|\bqueue too long\b|\bdelivery time expired\b",
        r"\bmessage" + _GAP + r"\bexpired\b|\bretry time(out|-out)\b|\bmaximum hop|\btoo many hops\b",
    ),
    _word(
        "4.4.1",
        r"\bconnection\b" + _GAP + r"\b(timed out|refused|dropped|lost|reset|closed|failed)\b",
        r"\bcould(n't| not) (connect|establish|reach)|\bunable to connect|\b(no answer|timed out)\b",
        r"\bnetwork (is )?unreachable",
        r"\bremote (host|server)" + _GAP + r"\b(unreachable|not respond|down)",
    ),
    _word("4.7.1", r"\bgr[ea]ylist", r"\btry again (later|in)\b|\btemporar(y|ily)\b|\bthrottl|\brate.limit"),
)
"""The first that fits decides: what is about the sender, or a full mailbox, is often said with the same verbs."""

DELAYED = re.compile(
    r"delivery (status notification \(delay\)|(is |has been |was |temporarily )?(delay|suspended))|\bdelayed mail\b|"
    r"not yet (been )?deliver|could not be delivered (yet|for)|\b(will|shall) (be retried|continue|keep|retry|try)|"
    r"attempts? to deliver (the|your) message will continue|still trying|"
    r"do(es)? not need to (re-?send|do anything)|no action is required|"
    r"(temporary|transient) (non-fatal )?(error|failure|warning)|warning: (message|could not)|"
    r"verzögert|noch nicht zugestellt|retardée?|todavía no|in ritardo|vertraagd",
    re.IGNORECASE,
)
"""That a mail is late, and not given up."""


def status_of(text: str) -> str:
    """The status that `text` speaks of in words; empty: none that is known here."""
    return next((it.status for it in WORDS if it.pattern.search(text)), "")
