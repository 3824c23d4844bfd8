"""The tables of a desk: rows, queries, search, blobs, migrations."""

import sys


class _WithoutDrivers:
    """Hides psycopg from Peewee, which loads every driver that is installed: 100 ms of each start."""

    @staticmethod
    def find_spec(name: str, _path: object = None, _target: object = None) -> None:
        peewee = sys.modules.get("peewee")
        if name == "psycopg" and peewee is not None and not hasattr(peewee, "Database"):
            raise ModuleNotFoundError(name)


sys.meta_path.insert(0, _WithoutDrivers)
