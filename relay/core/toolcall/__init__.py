"""Tool calls for sessions that have none: declared in the prompt, read back from the text of the answer.

The form is described in docs/reference/emulated-tools.md.
"""
