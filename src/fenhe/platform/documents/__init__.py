"""Documents for paper: one content model, rendered as A4 PDF and as Word."""
