"""The command that searches."""

from typing import Annotated

import typer

from broadsheet.cli.app import ERR, OUT, Data, Json, app, open_data, print_json, update_index
from broadsheet.cli.output import show_hits


@app.command()
def search(
    query: Annotated[
        list[str], typer.Argument(metavar="QUERY", help="Words, a sentence or a query.")
    ],
    n: Annotated[int, typer.Option("-n", min=1, max=10_000, help="Maximum number of hits.")] = 10,
    data: Data = None,
    json: Json = False,
) -> None:
    """Search papers by words and by meaning.

    Example: broadsheet search "optimized training" -n 20
    """
    with open_data(data) as library:
        update_index(library)
        found = library.search(" ".join(query), n=n)
    if json:
        print_json(
            {
                "query": found.query,
                "total": found.total,
                "matches": found.matches,
                "neighbours": found.neighbours,
                "hits": [
                    {
                        "rank": hit.rank,
                        "id": hit.paper.id,
                        "title": hit.paper.title,
                        "tier": hit.tier,
                        "notice": hit.paper.notice,
                        "score": round(hit.score, 6),
                        "why": hit.reason,
                    }
                    for hit in found.hits
                ],
            }
        )
        return
    if found.note:
        ERR.print(found.note, markup=False)
    show_hits(OUT, found)
