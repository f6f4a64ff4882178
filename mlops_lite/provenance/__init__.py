"""Where things come from: lineage, the same again, side by side, who did what."""
