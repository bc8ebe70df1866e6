"""The pages: map, station, evidence, data; their twins as JSON, CSV and xlsx."""
