"""Responses that outlive their connection: kept, gone on from, run in the background, compacted."""
