"""The HTTP interface under ``/api/v1``: what the pages know, for programs; and data pushed in."""
