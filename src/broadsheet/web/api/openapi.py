"""The manual of the API: its OpenAPI document, and the same written for people."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote, urlencode

from fastapi import FastAPI
from fastapi.openapi import models
from fastapi.openapi.models import OpenAPI, Schema

_STAND_INS: Mapping[str, object] = {
    "string": "…",
    "integer": 1,
    "number": 0.5,
    "boolean": False,
    "null": None,
}
# No example goes deeper, should a shape ever hold itself.
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Parameter:
    """What an address takes.

    Parameters
    ----------
    name : str
        Its name.
    in_path : bool
        Whether it is part of the address; else it stands behind the question mark.
    required : bool
        Whether it must be given.
    meaning : str
        What it may be, such as ``a whole number from 1 to 500``.
    default : str or None
        What is taken where it is left out.
    description : str
        What it is for.
    example : str or None
        One that can be tried.
    """

    name: str
    in_path: bool
    required: bool
    meaning: str
    default: str | None
    description: str
    example: str | None


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked.

    Parameters
    ----------
    path : str
        With its parameters in braces.
    description : str
        What it does.
    parameters : tuple of Parameter
        What it takes.
    trial : str
        A path that can be tried.
    answer : str
        What an answer looks like; empty where that is not told.
    """

    path: str
    description: str
    parameters: tuple[Parameter, ...]
    trial: str
    answer: str


def manual(app: FastAPI) -> OpenAPI:
    """Read the OpenAPI document of an application that is put together."""
    state = app.state
    if not hasattr(state, "manual"):
        state.manual = OpenAPI.model_validate(app.openapi())
    return cast(OpenAPI, state.manual)


def chapters(document: OpenAPI) -> dict[str, list[Operation]]:
    """List what can be asked, by tag."""
    by_tag: dict[str, list[Operation]] = {}
    for path in document.paths or {}:
        told = _told(document, path)
        if told is not None:
            tag = (told.tags or [""])[0]
            by_tag.setdefault(tag, []).append(_operation(document, path, told))
    return by_tag


def glossary(document: OpenAPI) -> dict[str, dict[str, str]]:
    """List what the fields of answers mean, by shape; those that say nothing are left out."""
    shapes: Mapping[str, Any] = (document.components and document.components.schemas) or {}
    told = {
        name: {
            field: of.description
            for field, of in (shape.properties or {}).items()
            if isinstance(of, Schema) and of.description
        }
        for name, shape in shapes.items()
        if isinstance(shape, Schema)
    }
    return {name: fields for name, fields in told.items() if fields}


def refusal(document: OpenAPI, path: str, name: str, *, missing: bool) -> str:
    """Say what a parameter must be that came wrong or not at all.

    Parameters
    ----------
    document : OpenAPI
        Where it is described.
    path : str
        The address that takes it, with parameters in braces.
    name : str
        The parameter.
    missing : bool
        Whether it did not come.
    """
    told = _told(document, path)
    taken = _parameters(document, told) if told is not None else ()
    meaning = next((one.meaning for one in taken if one.name == name), "what the manual says")
    wrong = f"is missing: it must be {meaning}" if missing else f"must be {meaning}"
    return f"The parameter {name!r} {wrong}; /docs tells of all."


def meaning(document: OpenAPI, schema: Schema) -> str:
    """Say what a value may be.

    Examples
    --------
    >>> api = OpenAPI(openapi="3.1.0", info={"title": "a", "version": "1"}, paths={})
    >>> meaning(api, Schema(type="integer", minimum=1, maximum=500))
    'a whole number from 1 to 500'
    >>> meaning(api, Schema(type="string", minLength=1, maxLength=4000))
    'text of 1 to 4,000 characters'
    """
    schema = _plain(document, schema)
    if schema.enum:
        return f"one of {', '.join(str(one) for one in schema.enum)}"
    if schema.type == "string":
        least, longest = schema.minLength or 0, schema.maxLength
        if longest is None:
            return "text"
        amount = f"{least} to" if least else "at most"
        return f"text of {amount} {longest:,} characters"
    kind = {"integer": "a whole number", "number": "a number"}.get(str(schema.type))
    if kind is None:
        return "true or false" if schema.type == "boolean" else "text"
    lowest, highest = schema.minimum, schema.maximum
    if lowest is None:
        return kind
    if highest is None:
        return f"{kind} of {lowest:,.0f} or more"
    return f"{kind} from {lowest:,.0f} to {highest:,.0f}"


def example(document: OpenAPI, schema: Schema, depth: int = 0) -> object:
    """Make a value as a schema describes it, out of the examples in it."""
    if schema.examples:
        return schema.examples[0]
    schema = _plain(document, schema)
    if schema.examples:
        return schema.examples[0]
    if schema.enum:
        return schema.enum[0]
    if depth > _DEEPEST:
        return None
    if isinstance(schema.items, Schema):
        return [example(document, schema.items, depth + 1)]
    if schema.properties:
        return {
            name: example(document, field, depth + 1)
            for name, field in schema.properties.items()
            if isinstance(field, Schema)
        }
    return _STAND_INS.get(str(schema.type))


def _told(document: OpenAPI, path: str) -> models.Operation | None:
    # What the document's model leaves as it is, since it may be anything, is read here.
    item = (document.paths or {}).get(path)
    return None if item is None else models.PathItem.model_validate(item).get


def _operation(document: OpenAPI, path: str, told: models.Operation) -> Operation:
    parameters = tuple(_parameters(document, told))
    return Operation(
        path,
        told.description or told.summary or "",
        parameters,
        _trial(path, parameters),
        _answer(document, told),
    )


def _parameters(document: OpenAPI, told: models.Operation) -> Iterator[Parameter]:
    for one in told.parameters or ():
        if isinstance(one, models.Parameter) and isinstance(one.schema_, Schema):
            examples = one.schema_.examples
            default = one.schema_.default
            yield Parameter(
                one.name,
                one.in_ is models.ParameterInType.path,
                bool(one.required),
                meaning(document, one.schema_),
                None if default is None else str(default),
                one.description or "",
                str(examples[0]) if examples else None,
            )


def _trial(path: str, parameters: tuple[Parameter, ...]) -> str:
    fields = {}
    for one in parameters:
        tried = one.example or one.name.upper()
        if one.in_path:
            path = path.replace(f"{{{one.name}}}", quote(tried, safe=":/"))
        elif one.example or one.required:
            fields[one.name] = tried
    return f"{path}?{urlencode(fields)}" if fields else path


def _answer(document: OpenAPI, told: models.Operation) -> str:
    good = models.Response.model_validate((told.responses or {})["200"])
    of = (good.content or {}).get("application/json")
    if of is None or not isinstance(of.schema_, Schema):
        return ""
    return json.dumps(example(document, of.schema_), indent=2, ensure_ascii=False)


def _plain(document: OpenAPI, schema: Schema) -> Schema:
    """Follow references, and take of what may also be null what else it may be."""
    if schema.ref is not None:
        named: Mapping[str, Any] = (document.components and document.components.schemas) or {}
        found = named.get(schema.ref.rpartition("/")[2])
        return _plain(document, found) if isinstance(found, Schema) else Schema()
    for one in schema.anyOf or ():
        if isinstance(one, Schema) and one.type != "null":
            return _plain(document, one)
    return schema
