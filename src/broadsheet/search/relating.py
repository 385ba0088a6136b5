"""Find the papers related to a paper."""

import numpy as np

from broadsheet.index.local.searchindex import SearchIndex
from broadsheet.model import Mode, Paper
from broadsheet.search.ranking import Question, in_one_list
from broadsheet.store.database import Database
from broadsheet.store.papers import num_of, papers_by_num


def related(database: Database, index: SearchIndex, paper: Paper, n: int) -> list[Paper]:
    """Find the papers nearest to one in meaning and in the words of its title.

    Parameters
    ----------
    database : Database
        The library the index was made of.
    index : SearchIndex
        What is searched.
    paper : Paper
        A paper of the library.
    n : int
        How many at most.
    """
    generation = index.generation
    with database.read() as connection:
        num = num_of(connection, paper.id)
        (vector,) = generation.vectors.take(np.asarray([num])).dequantized()
        question = Question(generation, generation.lexical.asked(paper.title), vector, Mode.HYBRID)
        nums = [near for near in in_one_list(question, 0, n + 1).page.nums.tolist() if near != num]
        papers = papers_by_num(connection, nums)
    return [papers[near] for near in nums[:n] if near in papers]
