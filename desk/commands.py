"""Commands of the command line, as what the desk refuses names them in its hints.

The app says a key or a place instead, HTTP a call: each finds them by this.
"""

from __future__ import annotations

from typing import Final

from config.expressions import expression

NAMED: Final = expression(
    r"nightdesk (?P<noun>[a-z]+) (?P<verb>[a-z]+)"
    # what it is about, for those that name something
    r"(?P<what>(?<=settings set) \S+ \S+|(?<! list)(?<! show) (?!for |says )(?:'[^']*'|[^\s,;)-][^\s,;)]*))?"
    # options, and what stands for a value; a small word behind an option is its value only at the end
    r"(?: (?:'[^']*'(?:=\w+)?|[A-Z][^\s,;)]*|\.\.\.|[a-z]+\|[a-z|]+|--?[\w-]+(?: [a-z|]+(?=$|[,;)]))?"
    r"|[^\s,;)]*[@=:\d'][^\s,;)]*))*"
)
