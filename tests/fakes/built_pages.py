"""The built pages, read and compressed once for all hubs of a test run."""

from __future__ import annotations

from functools import cache

from parvis_server.net.pages import Pages, read_pages, static_folder


@cache
def built_pages() -> Pages:
    """What every hub of tests serves."""
    return read_pages(static_folder())
