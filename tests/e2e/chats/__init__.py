"""Small web chats as people know them, served to tests; and a driver that runs the DOM way on them."""

from .driver import DomDriver, Reading
from .server import ChatServer, Script

__all__ = ["ChatServer", "DomDriver", "Reading", "Script"]
