"""Who and where: regions, sites with dated facts, organisations, people's roles, the door."""
