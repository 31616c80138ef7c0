"""Headless mode: browsers that relay runs itself, one for each account, and the pages in them."""
