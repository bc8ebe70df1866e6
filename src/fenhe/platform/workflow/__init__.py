"""Acts and the audit log: check the right, do, log, announce. Knows nothing of cases."""
