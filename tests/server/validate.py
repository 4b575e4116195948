#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""validate.py LOG OPENAPI

Checks the requests that fakeserver recorded (--log) against an OpenAPI document:
method and path, the names and values of query parameters, and bodies against
their schemas, where those say so without any further fields. At the top level
of a start, which the schema leaves open, a field it does not list is a fault
too, as it is for the live server.

Exit status 0 all is well, 1 not, 77 when the document or a module is missing.
"""

import json
import os
import re
import sys

SKIP = 77


def skip(reason):
    print(f"SKIP: {reason}")
    sys.exit(SKIP)


try:
    import jsonschema
    import yaml
except ImportError as error:
    skip(error)


def read_requests(path):
    """The recorded requests; lines of other kinds tell when a client hung up."""
    with open(path, encoding="utf-8") as log:
        for line in log:
            record = json.loads(line)
            if "method" in record:
                yield record


def path_pattern(template):
    parts = re.split(r"\{[^}]*\}", template)
    return re.compile("[^/]+".join(re.escape(part) for part in parts) + r"\Z")


class Document:
    def __init__(self, document):
        self.document = document
        self.paths = document["paths"]
        # Without a parameter before with one: /agents/pages is no agent.
        self.templates = sorted((p for p in self.paths if "#" not in p),
                                key=lambda p: p.count("{"))

    def resolve(self, node):
        while isinstance(node, dict) and "$ref" in node:
            target = self.document
            for step in node["$ref"].removeprefix("#/").split("/"):
                target = target[step.replace("~1", "/").replace("~0", "~")]
            node = target
        return node

    def find(self, method, path, stream):
        for template in self.templates:
            if not path_pattern(template).match(path):
                continue
            if stream and template + "#stream" in self.paths:
                template += "#stream"
            operation = self.paths[template].get(method.lower())
            if operation is None:
                return template, None, []
            shared = self.paths[template].get("parameters", [])
            return template, operation, shared + operation.get("parameters", [])
        return None, None, []

    def properties(self, schema):
        """The names of all fields an object of the schema may have, by any alternative."""
        schema = self.resolve(schema)
        names = set(schema.get("properties", ()))
        for key in ("allOf", "anyOf", "oneOf"):
            for part in schema.get(key, ()):
                names |= self.properties(part)
        return names

    def validator(self, schema):
        whole = {"components": self.document.get("components", {}), "allOf": [schema]}
        return jsonschema.Draft202012Validator(whole)


def describe(error):
    """The deepest reason; of alternatives the one that came furthest."""
    while error.context:
        error = max(error.context, key=lambda e: len(e.absolute_path))
    place = "/".join(str(step) for step in error.absolute_path) or "the body"
    return f"{place}: {error.message[:300]}"


def query_value(text, schema):
    """A parameter of the query as what its schema may want."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def check_query(document, record, parameters):
    known = {p["name"]: p for p in map(document.resolve, parameters) if p["in"] == "query"}
    for name, text in record["query"].items():
        if name not in known:
            yield f"no query parameter is called {name}"
            continue
        parameter = known[name]
        schema = parameter.get("schema")
        if schema is None:
            schema = next(iter(parameter["content"].values()))["schema"]
        validator = document.validator(schema)
        if not validator.is_valid(query_value(text, schema)) and not validator.is_valid(text):
            yield f"query parameter {name} must not be {text!r}"
    for name, parameter in known.items():
        if parameter.get("required") and name not in record["query"]:
            yield f"query parameter {name} is missing"


def check_headers(record):
    headers = record["headers"]
    if not headers.get("authorization", "").startswith("Bearer "):
        yield "there is no Authorization: Bearer"
    if record["body"] == "":
        if "content-type" in headers:
            yield "a Content-Type without a body"
    elif headers.get("content-type", "").split(";")[0].strip() != "application/json":
        yield "the Content-Type of the body is not application/json"


def check_body(document, record, operation):
    body, wanted = record["body"], operation.get("requestBody")
    if wanted is None:
        if body != "":
            yield "this operation takes no body"
        return
    if not isinstance(body, dict):
        yield "the body is no JSON object"
        return
    schema = document.resolve(wanted)["content"]["application/json"]["schema"]
    for error in document.validator(schema).iter_errors(body):
        yield describe(error)
    known = document.properties(schema)
    for field in body if known else ():
        if field not in known:
            yield f"no field of the body is called {field}"


def check(document, record):
    body = record["body"]
    stream = isinstance(body, dict) and body.get("stream") is True
    template, operation, parameters = document.find(record["method"], record["path"], stream)
    if template is None:
        yield "there is no such path"
    elif operation is None:
        yield "there is no such method here"
    else:
        yield from check_headers(record)
        yield from check_query(document, record, parameters)
        yield from check_body(document, record, operation)


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: validate.py LOG OPENAPI")
    log, openapi = sys.argv[1:]
    if not os.path.exists(openapi):
        skip(f"{openapi} is not there")
    with open(openapi, encoding="utf-8") as file:
        document = Document(yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    count = faults = 0
    for record in read_requests(log):
        count += 1
        for problem in check(document, record):
            faults += 1
            print(f"request {record['n']}, {record['method']} {record['path']}: {problem}")
    print(f"{count} requests, {faults} faults")
    return 1 if faults or not count else 0


if __name__ == "__main__":
    sys.exit(main())
