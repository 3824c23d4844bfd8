"""The OpenAPI document as a page: no script, nothing from elsewhere, so it works without the Internet."""

from __future__ import annotations

import json
from html import escape
from typing import Any

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em;
  color: #222; background: #fff }
h2 { font-size: 1.1em; margin: 2em 0 .3em; border-top: 1px solid #ccc; padding-top: 1em }
code, pre { font: 14px/1.4 ui-monospace, monospace; background: #f3f3f3 }
pre { padding: .7em; overflow: auto }
td, th { text-align: left; vertical-align: top; padding: .2em 1.2em .2em 0 }
@media (prefers-color-scheme: dark) {
  body { background: #181818; color: #ddd } code, pre { background: #262626 } h2 { border-color: #444 }
}
"""


def page(document: dict[str, Any], document_url: str) -> bytes:
    """Return the page in UTF-8."""
    parts = [
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width"><title>Nightdesk API</title>',
        f"<style>{_STYLE}</style></head><body><h1>Nightdesk API</h1>",
        f"<p>{escape(document['info']['description'])} Show your key in <code>X-API-Key</code>, or as ",
        "<code>Authorization: Bearer</code>. For programs: ",
        f'<a href="{escape(document_url)}">openapi.json</a>.</p>',
    ]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            parts.append(_operation(path, method, operation, document))
    return ("".join(parts) + "</body></html>\n").encode()


def _operation(path: str, method: str, operation: dict[str, Any], document: dict[str, Any]) -> str:
    parts = [
        f"<h2><code>{method.upper()} {escape(path)}</code> {escape(operation['summary'])}</h2>",
        f"<p>{escape(operation['description'])}</p>",
    ]
    if operation.get("parameters"):
        rows = "".join(_parameter(each) for each in operation["parameters"])
        parts.append(f"<table>{rows}</table>")
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        parts.append(f"<p>Body: <code>{escape(kind)}</code></p>{_schema(content['schema'], document)}")
    rows = "".join(
        f"<tr><td>{status}</td><td>{escape(answer['description'])}</td></tr>"
        for status, answer in sorted(operation["responses"].items())
    )
    parts.append(f"<table>{rows}</table>")
    return "".join(parts)


def _parameter(parameter: dict[str, Any]) -> str:
    schema = parameter["schema"]
    choices = " | ".join(map(str, schema.get("enum", ()))) or schema.get("type", "")
    default = f" ({schema['default']})" if schema.get("default") not in (None, "") else ""
    return (
        f"<tr><td><code>{escape(parameter['name'])}</code></td><td>{escape(choices + default)}</td>"
        f"<td>{escape(parameter.get('description', ''))}</td></tr>"
    )


def _schema(schema: dict[str, Any], document: dict[str, Any]) -> str:
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "properties" not in schema:
        return ""
    shown = {name: field.get("description") or _kind(field) for name, field in schema["properties"].items()}
    return f"<pre>{escape(json.dumps(shown, indent=2, ensure_ascii=False))}</pre>"


def _kind(field: dict[str, Any]) -> str:
    kinds = [str(each.get("type", "")) for each in field.get("anyOf", ())] or [str(field.get("type", ""))]
    return " or ".join(" | ".join(map(str, field["enum"])) if "enum" in field else kind for kind in kinds)
