"""Print a page: templates, filled."""

from collections.abc import Mapping
from hashlib import blake2b
from importlib.resources import files

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.background import BackgroundTask

from broadsheet.rules.humanize import ago
from broadsheet.web import addresses, calendar, view_models

_PACKAGE = "broadsheet.web"


class Printer:
    """The newspaper's templates.

    Parameters
    ----------
    title : str
        Name of the newspaper.
    base_url : str
        Its public address, without a slash at the end.
    """

    def __init__(self, title: str, base_url: str) -> None:
        self._templates = Environment(
            loader=PackageLoader(_PACKAGE),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        style = files(_PACKAGE).joinpath("static", "style.css").read_bytes()
        self._templates.globals.update(
            site=title,
            base_url=base_url,
            style_version=blake2b(style, digest_size=4).hexdigest(),
            query_chars=view_models.QUERY_CHARS,
        )
        self._templates.filters.update(
            counted=view_models.counted,
            long_date=calendar.long_date,
            short_date=calendar.short_date,
            iso_date=calendar.iso_date,
            told=calendar.told,
            named=calendar.named,
            briefly=calendar.briefly,
            edition_path=calendar.edition_path,
            ago=ago,
            web_link=addresses.web_link,
            link_name=addresses.link_name,
            search_path=addresses.search_path,
            paper_path=addresses.paper_path,
        )

    def page(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        background: BackgroundTask | None = None,
        **values: object,
    ) -> HTMLResponse:
        """Fill a template.

        Parameters
        ----------
        request : Request
            What is answered.
        template : str
            File name of the template.
        status : int
            HTTP status.
        headers : mapping, optional
            More headers.
        background : BackgroundTask, optional
            What to do once the answer is sent.
        **values
            What the template needs.

        Returns
        -------
        HTMLResponse
            Never to be shared between readers: their votes and links are in it.
        """
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        html = self._templates.get_template(template).render(
            {"here": here, "query": "", "canonical": None, "feeds": (), **values}
        )
        # A paper told of by a careless source may hold a lone surrogate.
        return HTMLResponse(
            html.encode("utf-8", "replace"),
            status,
            {"Cache-Control": "private, no-cache", **(headers or {})},
            background=background,
        )

    def notice(
        self,
        request: Request,
        heading: str,
        *sentences: str,
        button: str | None = None,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        background: BackgroundTask | None = None,
    ) -> HTMLResponse:
        """Print a page that says one thing.

        Parameters
        ----------
        request : Request
            What is answered.
        heading : str
            The thing.
        *sentences : str
            What there is to know about it.
        button : str, optional
            What a button says that posts to the same address.
        status, headers, background
            As in :meth:`page`.
        """
        return self.page(
            request,
            "notice.html",
            status=status,
            headers=headers,
            background=background,
            heading=heading,
            sentences=sentences,
            button=button,
        )
