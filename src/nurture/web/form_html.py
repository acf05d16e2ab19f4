"""What a marketer pastes into a page of their own: a form in plain HTML, or a frame that shows ours."""

from __future__ import annotations

from html import escape

from nurture.settings import Settings
from nurture.settings.forms import Form

TRAP = "website"
"""A field that no person sees; whoever fills it in is a machine."""


def pasted(settings: Settings, name: str, form: Form) -> str:
    """A form without style and script, for any page; it leads to a page of ours."""
    address = escape(f"{settings.web.public_url}/f/{name}")
    return f"""\
<form method="post" action="{address}" accept-charset="utf-8">
  <p><label>E-mail address<br>
    <input type="email" name="email" required maxlength="254" autocomplete="email"></label></p>
  <p><label>First name (if you like)<br>
    <input type="text" name="first_name" maxlength="60" autocomplete="given-name"></label></p>
  <p style="position:absolute;left:-9999px" aria-hidden="true"><label>Leave this empty
    <input type="text" name="{TRAP}" tabindex="-1" autocomplete="off"></label></p>
  <p>{escape(form.says)}</p>
  <p><button type="submit">{escape(form.title)}</button></p>
</form>
"""


def framed(settings: Settings, name: str, form: Form) -> str:
    """A frame with our form in it; shown only on the sites that `embed_in` names."""
    address = escape(f"{settings.web.public_url}/f/{name}?embed")
    return (
        f'<iframe src="{address}" title="{escape(form.title)}" width="100%" height="420" style="border:0" '
        'loading="lazy"></iframe>\n'
    )
