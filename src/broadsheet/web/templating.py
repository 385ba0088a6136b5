"""Render the HTML templates."""

from collections.abc import Mapping

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from broadsheet.rules.category_names import category_name
from broadsheet.rules.humanize import ago, counted
from broadsheet.rules.source_names import source_name
from broadsheet.rules.tex import to_unicode
from broadsheet.web import addresses, calendar, view_models
from broadsheet.web.assets import asset_path
from broadsheet.web.markup import code_spans, in_script, marked_up, tex
from broadsheet.web.middleware.etag import REVALIDATE

_PACKAGE = "broadsheet.web"
_MAX_HERE_CHARS = 1_000


class Templates:
    """The HTML templates of a site.

    Parameters
    ----------
    title : str
        Name of the site.
    base_url : str
        Public address of the site, without a trailing slash.
    """

    def __init__(self, title: str, base_url: str) -> None:
        self._environment = Environment(
            loader=PackageLoader(_PACKAGE),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(
            site=title,
            base_url=base_url,
            asset=asset_path,
            query_chars=view_models.QUERY_CHARS,
        )
        self._environment.filters.update(
            code_spans=code_spans,
            in_script=in_script,
            marked_up=marked_up,
            tex=tex,
            tex_text=to_unicode,
            counted=counted,
            long_date=calendar.long_date,
            short_date=calendar.short_date,
            iso_date=calendar.iso_date,
            full_name=calendar.full_name,
            short_name=calendar.short_name,
            label=calendar.label,
            edition_path=calendar.edition_path,
            ago=ago,
            source_name=source_name,
            web_link=addresses.web_link,
            link_name=addresses.link_name,
            author_path=addresses.author_path,
            category_name=category_name,
            category_path=addresses.category_path,
            paper_path=addresses.paper_path,
            search_path=addresses.search_path,
        )

    def render(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: object,
    ) -> HTMLResponse:
        """Render a template.

        Parameters
        ----------
        request : Request
            The request to answer.
        template : str
            File name of the template.
        status : int
            HTTP status.
        headers : mapping, optional
            Additional headers.
        **values
            Variables of the template.

        Returns
        -------
        HTMLResponse
            Not cacheable by shared caches: readers see their own votes on it.
        """
        html = self._environment.get_template(template).render(
            {
                "here": _here(request),
                "query": "",
                "canonical": None,
                "feeds": (),
                **values,
            }
        )
        # A paper's text may contain a lone surrogate, which UTF-8 cannot encode.
        return HTMLResponse(
            html.encode("utf-8", "replace"),
            status,
            {"Cache-Control": REVALIDATE, "Vary": "Cookie", **(headers or {})},
        )

    def notice(
        self,
        request: Request,
        heading: str,
        *sentences: str,
        button: str | None = None,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> HTMLResponse:
        """Render a page that consists of a heading and a few sentences.

        Parameters
        ----------
        request : Request
            The request to answer.
        heading : str
            Heading and title of the page.
        *sentences : str
            One paragraph each.
        button : str, optional
            Label of a button that posts to the same address.
        status, headers
            As in :meth:`render`.
        """
        return self.render(
            request,
            "notice.html",
            status=status,
            headers=headers,
            heading=heading,
            sentences=sentences,
            button=button,
        )


def _here(request: Request) -> str:
    # It is repeated for every paper of a list; no page of ours has a longer query but a search.
    address = addresses.address_of(request.scope)
    return address if len(address) <= _MAX_HERE_CHARS else address.partition("?")[0]
