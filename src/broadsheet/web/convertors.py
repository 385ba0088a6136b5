"""Path convertors that keep overlapping routes apart, whatever the order of registration."""

import re

from starlette.convertors import Convertor, register_url_convertor

from broadsheet.web.addresses import FILES


class _TextConvertor(Convertor[str]):
    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


class PaperIdConvertor(_TextConvertor):
    """A paper id on a page's path, which may contain slashes and dots.

    Excludes the fixed names under ``/papers``, and the suffixes that other routes append.
    """

    regex = (
        r"(?!(?:date|week|month|trending|search)(?:[./]|$)).*(?<!/vote)"
        f"{''.join(f'(?<!{re.escape(extension)})' for extension in FILES)}"
    )


class ApiPaperIdConvertor(_TextConvertor):
    """A paper id in the API; excludes the other names under ``/api/papers`` and their suffix."""

    regex = r"(?!search$).*(?<!/signals)"


class PeriodConvertor(_TextConvertor):
    """The text of a period; a dot starts the extension of a feed."""

    regex = r"[^/.]+"


class ListNameConvertor(_TextConvertor):
    """The name of a category or an author, which may contain slashes and dots.

    Excludes the extensions of feeds.
    """

    regex = r".+(?<!\.atom)(?<!\.json)"


# Placeholders for the paths of routes.
PAPER_ID = "{paper_id:paper_id}"
API_PAPER_ID = "{paper_id:api_paper_id}"
PERIOD = "{period:period}"
LIST_NAME = "{name:list_name}"

register_url_convertor("paper_id", PaperIdConvertor())
register_url_convertor("api_paper_id", ApiPaperIdConvertor())
register_url_convertor("period", PeriodConvertor())
register_url_convertor("list_name", ListNameConvertor())
