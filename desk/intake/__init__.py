"""The life of an inbound mail: read, matched, filed, with one receipt that says why."""
