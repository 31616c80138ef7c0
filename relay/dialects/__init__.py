"""Wire formats that clients speak: bytes to hub types and back, no I/O.

A dialect is a package with ``wire`` (its JSON as structs), ``inbound`` (its requests) and ``outbound`` (its answers).
Dialects do not know each other.
"""
