"""Running Fenhe: backup, restore, upgrade, doctor, health and metrics."""
