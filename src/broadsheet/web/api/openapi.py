"""Read the OpenAPI document for the documentation page and for error messages."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote, urlencode

from fastapi import FastAPI
from fastapi.openapi import models
from fastapi.openapi.models import OpenAPI, Schema

from broadsheet.web.api.problem import Problem

_PLACEHOLDERS: Mapping[str, object] = {
    "string": "…",
    "integer": 1,
    "number": 0.5,
    "boolean": False,
    "null": None,
}
# Limit for a schema that contains itself.
_MAX_DEPTH = 8


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an operation.

    Parameters
    ----------
    name : str
        Name of the parameter.
    in_path : bool
        Whether it is in the path; else it is in the query string.
    required : bool
        Whether it is required.
    allowed : str
        Allowed values, such as ``an integer from 1 to 500``.
    default : str or None
        Default value.
    description : str
        Purpose of the parameter.
    example : str or None
        A valid value.
    """

    name: str
    in_path: bool
    required: bool
    allowed: str
    default: str | None
    description: str
    example: str | None

    @property
    def rules(self) -> str:
        """Allowed values and default as a sentence; empty if any text is allowed."""
        rules = [] if self.in_path or self.allowed == "text" else [self.allowed]
        if self.default is not None:
            rules.append(f"default {self.default}")
        elif self.required and not self.in_path:
            rules.append("required")
        text = "; ".join(rules)
        return f"{text[:1].upper()}{text[1:]}." if text else ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One GET operation of the API.

    Parameters
    ----------
    path : str
        Path with parameters in braces.
    description : str
        Purpose of the operation.
    parameters : tuple of Parameter
        Its parameters.
    example_path : str
        Path of a valid request.
    example_response : str
        An example of the response as JSON; empty if the schema is not described.
    """

    path: str
    description: str
    parameters: tuple[Parameter, ...]
    example_path: str
    example_response: str


def openapi_json(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of an application, with the schema of its errors."""
    document = app.openapi()
    document["components"]["schemas"].setdefault(Problem.__name__, Problem.model_json_schema())
    return document


def openapi_document(app: FastAPI) -> OpenAPI:
    """Return the parsed OpenAPI document of an application."""
    state = app.state
    if not hasattr(state, "openapi_document"):
        state.openapi_document = OpenAPI.model_validate(openapi_json(app))
    return cast(OpenAPI, state.openapi_document)


def operations_by_tag(document: OpenAPI) -> dict[str, list[Operation]]:
    """List the GET operations by tag."""
    by_tag: dict[str, list[Operation]] = {}
    for path in document.paths or {}:
        operation = _get_of(document, path)
        if operation is not None:
            tag = (operation.tags or [""])[0]
            by_tag.setdefault(tag, []).append(_operation(document, path, operation))
    return by_tag


def field_descriptions(document: OpenAPI) -> dict[str, dict[str, str]]:
    """Return the descriptions of response fields by schema; schemas without any are left out."""
    schemas: Mapping[str, Any] = (document.components and document.components.schemas) or {}
    described = {
        name: {
            field: of.description
            for field, of in (schema.properties or {}).items()
            if isinstance(of, Schema) and of.description
        }
        for name, schema in schemas.items()
        if isinstance(schema, Schema)
    }
    return {name: fields for name, fields in described.items() if fields}


def parameter_error(document: OpenAPI, path: str, name: str, *, is_missing: bool) -> str:
    """Return the error message for a missing or invalid parameter.

    Parameters
    ----------
    document : OpenAPI
        The document that describes the parameter.
    path : str
        Path of the operation, with parameters in braces.
    name : str
        Name of the parameter.
    is_missing : bool
        Whether the parameter is missing; else its value is invalid.
    """
    operation = _get_of(document, path)
    known = _parameters(document, operation) if operation is not None else ()
    allowed = next((each.allowed for each in known if each.name == name), "as described")
    rule = f"is required and must be {allowed}" if is_missing else f"must be {allowed}"
    return f"The parameter {name!r} {rule}; /docs describes all parameters."


def allowed_values(document: OpenAPI, schema: Schema) -> str:
    """Return the values that a schema allows, in words.

    Examples
    --------
    >>> api = OpenAPI(openapi="3.1.0", info={"title": "a", "version": "1"}, paths={})
    >>> allowed_values(api, Schema(type="integer", minimum=1, maximum=500))
    'an integer from 1 to 500'
    >>> allowed_values(api, Schema(type="string", minLength=1, maxLength=4000))
    'text of 1 to 4,000 characters'
    """
    schema = _resolve(document, schema)
    if schema.enum:
        return f"one of {', '.join(str(value) for value in schema.enum)}"
    if schema.type == "string":
        least, longest = schema.minLength or 0, schema.maxLength
        if longest is None:
            return "text"
        amount = f"{least} to" if least else "at most"
        return f"text of {amount} {longest:,} characters"
    kind = {"integer": "an integer", "number": "a number"}.get(str(schema.type))
    if kind is None:
        return "true or false" if schema.type == "boolean" else "text"
    lowest, highest = schema.minimum, schema.maximum
    if lowest is None:
        return kind
    if highest is None:
        return f"{kind} of {lowest:,.0f} or more"
    return f"{kind} from {lowest:,.0f} to {highest:,.0f}"


def example(document: OpenAPI, schema: Schema, depth: int = 0) -> object:
    """Return an example value of a schema, built from the examples of its fields."""
    if schema.examples:
        return schema.examples[0]
    schema = _resolve(document, schema)
    if schema.examples:
        return schema.examples[0]
    if schema.enum:
        return schema.enum[0]
    if depth > _MAX_DEPTH:
        return None
    if isinstance(schema.items, Schema):
        return [example(document, schema.items, depth + 1)]
    if schema.properties:
        return {
            name: example(document, field, depth + 1)
            for name, field in schema.properties.items()
            if isinstance(field, Schema)
        }
    return _PLACEHOLDERS.get(str(schema.type))


def _get_of(document: OpenAPI, path: str) -> models.Operation | None:
    # The model of the document does not parse path items.
    item = (document.paths or {}).get(path)
    return None if item is None else models.PathItem.model_validate(item).get


def _operation(document: OpenAPI, path: str, operation: models.Operation) -> Operation:
    parameters = tuple(_parameters(document, operation))
    return Operation(
        path,
        operation.description or operation.summary or "",
        parameters,
        _example_path(path, parameters),
        _example_response(document, operation),
    )


def _parameters(document: OpenAPI, operation: models.Operation) -> Iterator[Parameter]:
    for parameter in operation.parameters or ():
        if isinstance(parameter, models.Parameter) and isinstance(parameter.schema_, Schema):
            examples = parameter.schema_.examples
            default = parameter.schema_.default
            yield Parameter(
                parameter.name,
                parameter.in_ is models.ParameterInType.path,
                bool(parameter.required),
                allowed_values(document, parameter.schema_),
                None if default is None else str(default),
                parameter.description or "",
                str(examples[0]) if examples else None,
            )


def _example_path(path: str, parameters: tuple[Parameter, ...]) -> str:
    fields = {}
    for parameter in parameters:
        value = parameter.example or parameter.name.upper()
        if parameter.in_path:
            path = path.replace(f"{{{parameter.name}}}", quote(value, safe=":/"))
        elif parameter.example or parameter.required:
            fields[parameter.name] = value
    return f"{path}?{urlencode(fields)}" if fields else path


def _example_response(document: OpenAPI, operation: models.Operation) -> str:
    response = models.Response.model_validate((operation.responses or {})["200"])
    media = (response.content or {}).get("application/json")
    if media is None or not isinstance(media.schema_, Schema):
        return ""
    return json.dumps(example(document, media.schema_), indent=2, ensure_ascii=False)


def _resolve(document: OpenAPI, schema: Schema) -> Schema:
    """Follow a reference, and drop null from a choice of types."""
    if schema.ref is not None:
        schemas: Mapping[str, Any] = (document.components and document.components.schemas) or {}
        found = schemas.get(schema.ref.rpartition("/")[2])
        return _resolve(document, found) if isinstance(found, Schema) else Schema()
    for option in schema.anyOf or ():
        if isinstance(option, Schema) and option.type != "null":
            return _resolve(document, option)
    return schema
