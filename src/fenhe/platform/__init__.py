"""The Django project: one app per link of the chain, and the owner of the store."""
