"""The tests. Each folder mirrors one of the product's and is a package (give it an ``__init__.py``).

Real servers come as fixtures, see ``tests.support.servers``; made-up mail comes from ``tests.generator``.
"""
