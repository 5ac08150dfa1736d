"""How a database of an older release becomes one of this release: Alembic, one branch per schema.

`HEADS` names the newest revision of each branch, so that a start can see without Alembic that nothing is to be done.
"""

from types import MappingProxyType

HEADS = MappingProxyType({"desk": "desk_0001", "gateway": "gateway_0001", "register": "register_0001"})
