"""Moments as numbers: hours since 1970, made by the database where millions are read."""

from typing import Any

from sqlalchemy import ColumnElement, Float
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class hours_of(FunctionElement[float]):  # noqa: N801 - it reads as a function of SQL
    """The hours since 1970 of a column of times."""

    type = Float()
    inherit_cache = True
    name = "hours_of"

    def __init__(self, column: ColumnElement[Any]) -> None:
        super().__init__(column)


@compiles(hours_of, "sqlite")
def _in_sqlite(element: hours_of, compiler: Any, **options: Any) -> str:  # noqa: ANN401
    column = compiler.process(element.clauses, **options)
    return f"((julianday({column}) - 2440587.5) * 24)"


@compiles(hours_of, "postgresql")
def _in_postgresql(element: hours_of, compiler: Any, **options: Any) -> str:  # noqa: ANN401
    column = compiler.process(element.clauses, **options)
    return f"(CAST(EXTRACT(EPOCH FROM CAST({column} AS timestamptz)) AS double precision) / 3600)"
