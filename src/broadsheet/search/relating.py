"""Find papers similar to a paper."""

from broadsheet.index.engine import SearchEngine
from broadsheet.model import Mode, Paper
from broadsheet.rules.query import plain_query
from broadsheet.search.ranking import Retrieval, Window, in_one_list
from broadsheet.store.database import Database
from broadsheet.store.papers import num_of, papers_by_num


def related(database: Database, engine: SearchEngine, paper: Paper, n: int) -> list[Paper]:
    """Return the papers most similar to one, by its vector and the words of its title.

    Parameters
    ----------
    database : Database
        The library.
    engine : SearchEngine
        An index of its papers.
    paper : Paper
        A paper of the library.
    n : int
        The most papers returned.
    """
    with database.read() as connection:
        num = num_of(connection, paper.id)
        retrieval = Retrieval(engine, plain_query(paper.title), Mode.HYBRID, similar_to=num)
        ranking = in_one_list(retrieval, Window(0, n + 1))
        nums = [near for near in ranking.papers.nums.tolist() if near != num][:n]
        papers = papers_by_num(connection, nums)
    return [papers[near] for near in nums if near in papers]
