"""Pure formulas: frames in, frames out; no files, no database, no clock."""
