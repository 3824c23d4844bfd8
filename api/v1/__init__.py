"""Our own API: its calls, its JSON and its OpenAPI document."""
