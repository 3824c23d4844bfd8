"""The tables of a desk: rows, queries, search, blobs, migrations."""

import sys

_DRIVERS = ("psycopg", "psycopg2", "psycopg2cffi", "pymysql", "MySQLdb", "pysqlite3")


class _WithoutDrivers:
    """Hides drivers from Peewee, which loads every one that is installed: up to 100 ms of each start."""

    @staticmethod
    def find_spec(name: str, _path: object = None, _target: object = None) -> None:
        peewee = sys.modules.get("peewee")
        if name in _DRIVERS and peewee is not None and not hasattr(peewee, "Database"):
            raise ModuleNotFoundError(name)


sys.meta_path.insert(0, _WithoutDrivers)
