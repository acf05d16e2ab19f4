"""The words by which bounces of mail servers that write no reports are known, as tables."""

from __future__ import annotations

import re


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


SENDERS = re.compile(
    r"(mailer[._-]?daemon|postmaster|mail[._-]?daemon|mdaemon|double-bounce|mail[._-]?delivery[\w.-]*|"
    r"microsoftexchange\w*|mail-delivery|maildelivery|delivery|bounces?|mailerdaemon|mail-system|postmast\w*)",
    re.IGNORECASE,
)
"""Local parts of addresses from which bounces come."""

NAMES = _any(r"mail(er)? delivery|mail(er)?[ -]daemon|postmaster|mail administrator|delivery subsystem")
"""What such senders call themselves."""

SUBJECTS = _any(
    r"undeliver|non[- ]?deliver|deliver\w* (status )?(notification|fail|problem|error|report|has failed|unsuccess)",
    r"fail(ed|ure)\b.{0,20}(deliver|mail|notice)|failure notice|mail (system )?(error|failure)|returned? (e-?)?mail",
    r"mail (could )?not (be )?deliver|returned to sender|message (not|un)deliver|rejected:|could not send message",
    r"mail delivery (failed|delayed)|warning: (could not send|message)|delay(ed)? (mail|delivery|notification)",
    r"unzustellbar|nicht zugestellt|zustellung|fehlgeschlagen",
    r"non (remis|distribu|livr)|échec de (la )?(remise|distribution|livraison)|retour du courrier",
    r"no se (ha )?pud\w+ entregar|no entregado|devuelto|error de entrega",
    r"non (recapitabile|consegnat)|mancato recapito|não (foi )?entreg|falha na entrega|não é possível entregar",
    r"onbestelbaar|niet bezorgd|niet afgeleverd|kan inte levereras|olevererbar|kan ikke leveres",
    r"nie można dostarczyć|niedostarczon|nedoručiteln|не доставлено|недоставлен",
    r"配信不能|配信できません|未配信|退信|无法投递|無法傳遞|传递失败|投递失败|배달되지 않",
)

INTROS = _any(
    r"deliver\w* (has |have |had )?(failed|is|was|to)\b.{0,30}(following|these|this)? ?(recipient|address|group)",
    r"(could|was|were|can|has|have)( ?not|n't) (be |been )?(deliver|reach|sen[dt])\w*",
    r"(following|these|this) (recipient|address|user|e-?mail)\w*.{0,60}(fail|not|permanent|error|undeliver|reject)",
    r"(fail|error|problem)\w*.{0,40}(following|these) (recipient|address)",
    r"undeliverable (to|address|mail)|unable to deliver|was unable to|did not (reach|receive)|failed recipient",
    r"address\w* (which )?failed|recipient\w* (that )?(failed|rejected)|had permanent fatal errors",
    r"intended recipient|mail for the following|returned to you",
    r"(konnte|kann|wurde)\w*.{0,60}nicht.{0,40}(zugestellt|übermittelt|gesendet|erreicht)",
    r"(folgende|diese)\w* (empfänger|adresse|gruppe)|unzustellbar|nachrichtenzustellung",
    r"(n['’]a|n['’]ont|ne) (pas )?(pu|peut|pas).{0,30}(remis|livr|distribu|envoy)|destinataires? (ou|suivant)",
    r"échec de la (remise|distribution)|no (se )?(ha )?pud\w+ .{0,20}(entreg|envi)|(siguientes?|estos) destinatarios?",
    r"(impossibile|non è stato possibile).{0,30}(recapit|consegn|invi)|seguenti (destinatari|indirizzi)",
    r"(não (foi|pôde|pode)).{0,30}(entreg|envi)|(seguintes|estes) destinatários?",
    r"(kon|kan)( niet)?.{0,40}(niet )?(bezorgd|afgeleverd)|volgende (ontvangers?|adressen)|bezorging .{0,40}mislukt",
    r"kunde inte levereras|följande mottagare|kunne ikke leveres|następujący\w* (adresat|odbiorc)|nie (można|udało)",
    r"не (удалось|может быть) .{0,20}достав|следующи\w+ (получател|адрес)|ошибка доставки",
    r"(次|以下)の(受信者|宛先|アドレス)|配信(できません|に失敗)|以下(收件人|地址|收信人)|下列(收件人|地址)|无法(投递|送达|传递)",
)
"""A line after which, or in which, the recipient stands."""

ENDS = _any(
    r"^[ >]*[-=_*]{3,}",
    r"^[ >]*-*\s*(begin |start of )?(original|returned|unsent|old) (message|mail)",
    r"(copy of (the|your)|your original|the original) (message|mail)\b.{0,40}(follow|below|headers|:$)",
    r"^\s*(diagnostic information|diagnoseinformationen|informations de diagnostic|información de diagnóstico)",
    r"^\s*(received|message-id|return-path|x-[\w-]+|mime-version):",
    r"original message headers|ursprüngliche (nachricht|kopfzeilen)|message d['’]origine|mensaje original",
)
"""Where the report ends and what comes back begins."""
