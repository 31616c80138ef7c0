"""The subcommands of ``relay``, one subject a file."""
