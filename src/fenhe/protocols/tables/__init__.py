"""Tables in files: reading, feed descriptions, plausibility, stations, writing."""
