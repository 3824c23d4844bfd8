"""The JSON of every noun, once: what the command line prints with `--json`, and the HTTP API answers.

Times stay datetimes: whoever writes the document writes them as RFC 3339.
"""
